/** What a tenant that publishes again and again costs its neighbour. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { load, quantile } from '../load.ts'
import { round } from '../report.ts'
import { startRuntime } from './measure-publish.ts'
import type { World } from './world.ts'

export interface Neighbour {
  readonly publications: number
  /** From the beginning of one to that of the next. */
  readonly msEach: number
  readonly quietP50Ms: number
  readonly quietP99Ms: number
  readonly elsewhereP50Ms: number
  readonly elsewhereP99Ms: number
  readonly busyP50Ms: number
  readonly busyP99Ms: number
  readonly p50Ratio: number
  /** Busy to quiet: 1.1 at most is to be reached, on a machine that has cores to spare. */
  readonly p99Ratio: number
  /** Busy to elsewhere: what is left when the machine's own share is taken away. */
  readonly p99RatioToElsewhere: number
}

const ROUNDS = 5
const TURN_SECONDS = 2

/**
 * In turns, so that what else the machine does falls on all: the same versions are published beside the neighbour, then in
 * another database of the same server, of which the neighbour's runtime hears nothing, then nowhere. The neighbour is served by
 * one process, versions are published by another, requests come from a third.
 */
export async function measureNeighbour(
  world: World,
  elsewhere: World,
  options: { readonly publications: number; readonly rate: number },
): Promise<Neighbour> {
  const [noisy, quiet] = [await world.newTenant(), await world.newTenant()]
  const { child, port } = await startRuntime(world.url, 'redis', world.redisUrl)
  const here = await startPublishing(world, noisy)
  const there = await startPublishing(elsewhere, await elsewhere.newTenant())
  const server = `http://127.0.0.1:${port}`
  const call = () => ({
    method: 'GET' as const,
    path: '/notes?limit=1',
    url: `${server}/t/${quiet.slug}/rest/v1`,
    headers: { apikey: quiet.key },
  })
  const ask = async (): Promise<readonly number[]> =>
    (await load(server, { connections: 8, seconds: TURN_SECONDS, rate: options.rate, call })).latencies
  const times = { quiet: [] as number[], elsewhere: [] as number[], busy: [] as number[] }
  const each = options.publications / ROUNDS
  let [published, publishingMs] = [0, 0]
  try {
    await ask()
    for (let round = 1; round <= ROUNDS; round++) {
      const startedAt = performance.now()
      const busy = await here.during(each, ask)
      publishingMs += performance.now() - startedAt
      published += busy.published
      times.busy.push(...busy.latencies)
      times.elsewhere.push(...(await there.during(each, ask)).latencies)
      for (let turn = 0; turn < busy.turns; turn++) times.quiet.push(...(await ask()))
    }
  } finally {
    here.end()
    there.end()
    child.kill('SIGKILL')
  }
  const of = (kind: keyof typeof times, part: number): number => quantile(times[kind], part)
  return {
    publications: published,
    msEach: Math.round(publishingMs / published),
    quietP50Ms: round(of('quiet', 0.5)),
    quietP99Ms: round(of('quiet', 0.99)),
    elsewhereP50Ms: round(of('elsewhere', 0.5)),
    elsewhereP99Ms: round(of('elsewhere', 0.99)),
    busyP50Ms: round(of('busy', 0.5)),
    busyP99Ms: round(of('busy', 0.99)),
    p50Ratio: round(of('busy', 0.5) / of('quiet', 0.5)),
    p99Ratio: round(of('busy', 0.99) / of('quiet', 0.99)),
    p99RatioToElsewhere: round(of('busy', 0.99) / of('elsewhere', 0.99)),
  }
}

interface Publishing {
  /** Turns of `ask` while so many versions are published at least, one after the other. */
  during(
    count: number,
    ask: () => Promise<readonly number[]>,
  ): Promise<{ readonly published: number; readonly turns: number; readonly latencies: readonly number[] }>
  end(): void
}

async function startPublishing(
  world: World,
  { slug, schema }: { readonly slug: string; readonly schema: string },
): Promise<Publishing> {
  const args = [world.url, world.redisUrl, world.stream, slug, schema]
  const child = fork(new URL('./publishing-process.ts', import.meta.url), args, {
    execArgv: ['--conditions=@backsaas/source'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await once(child, 'message')
  let published = 0
  child.on('message', () => {
    published += 1
  })
  return {
    async during(count, ask) {
      published = 0
      const latencies: number[] = []
      let turns = 0
      child.send('go')
      for (; published < count; turns++) latencies.push(...(await ask()))
      child.send('stop')
      // The one under way.
      await once(child, 'message')
      return { published, turns, latencies }
    },
    end: () => child.kill('SIGKILL'),
  }
}
