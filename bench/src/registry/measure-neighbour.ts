/** What a tenant that publishes again and again costs its neighbour. */
import { type ChildProcess, fork } from 'node:child_process'
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
  readonly busyP50Ms: number
  readonly busyP99Ms: number
  readonly p50Ratio: number
  /** 1.1 at most is to be reached. */
  readonly p99Ratio: number
}

const ROUNDS = 5
const TURN_SECONDS = 2

/**
 * In turns, quiet and busy, so that what else the machine does falls on both. The neighbour is served by one process, the
 * versions are published by another, the requests come from a third.
 */
export async function measureNeighbour(
  world: World,
  options: { readonly publications: number; readonly rate: number },
): Promise<Neighbour> {
  const [noisy, quiet] = [await world.newTenant(), await world.newTenant()]
  const { child, port } = await startRuntime(world.url, 'redis', world.redisUrl)
  const publishing = await startPublishing(world, noisy)
  const server = `http://127.0.0.1:${port}`
  const call = () => ({
    method: 'GET' as const,
    path: '/notes?limit=1',
    url: `${server}/t/${quiet.slug}/rest/v1`,
    headers: { apikey: quiet.key },
  })
  const ask = async (): Promise<readonly number[]> =>
    (await load(server, { connections: 8, seconds: TURN_SECONDS, rate: options.rate, call })).latencies
  const [quietly, busily]: [number[], number[]] = [[], []]
  let published = 0
  let publishingMs = 0
  publishing.on('message', () => {
    published += 1
  })
  try {
    await ask()
    for (let round = 1; round <= ROUNDS; round++) {
      const startedAt = performance.now()
      publishing.send('go')
      let turns = 0
      for (; published < (round * options.publications) / ROUNDS; turns++) busily.push(...(await ask()))
      publishing.send('stop')
      // The one under way.
      await once(publishing, 'message')
      publishingMs += performance.now() - startedAt
      for (; turns > 0; turns--) quietly.push(...(await ask()))
    }
  } finally {
    publishing.kill('SIGKILL')
    child.kill('SIGKILL')
  }
  const of = (times: readonly number[], part: number) => round(quantile(times, part))
  return {
    publications: published,
    msEach: Math.round(publishingMs / published),
    quietP50Ms: of(quietly, 0.5),
    quietP99Ms: of(quietly, 0.99),
    busyP50Ms: of(busily, 0.5),
    busyP99Ms: of(busily, 0.99),
    p50Ratio: round(quantile(busily, 0.5) / quantile(quietly, 0.5)),
    p99Ratio: round(quantile(busily, 0.99) / quantile(quietly, 0.99)),
  }
}

async function startPublishing(
  world: World,
  { slug, schema }: { readonly slug: string; readonly schema: string },
): Promise<ChildProcess> {
  const args = [world.url, world.redisUrl, world.stream, slug, schema]
  const child = fork(new URL('./publishing-process.ts', import.meta.url), args, {
    execArgv: ['--conditions=@backsaas/source'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await once(child, 'message')
  return child
}
