/** What a tenant that publishes again and again costs its neighbour. */

import { redis } from '@backsaas/adapters/buses/redis'
import { postgres } from '@backsaas/adapters/databases/postgres'
import { startRelay } from '@backsaas/migrator'
import { load, quantile } from '../load.ts'
import { round } from '../report.ts'
import { startRuntime } from './measure-publish.ts'
import { createPublisher } from './publisher.ts'
import type { World } from './world.ts'

export interface Neighbour {
  readonly publications: number
  readonly quietP50Ms: number
  readonly quietP99Ms: number
  readonly busyP50Ms: number
  readonly busyP99Ms: number
  readonly p50Ratio: number
  readonly p99Ratio: number
}

const ROUNDS = 5

/** In turns, quiet and busy, so that what else the machine does falls on both. */
export async function measureNeighbour(
  world: World,
  options: { readonly publications: number; readonly rate: number },
): Promise<Neighbour> {
  const database = postgres(world.url)
  const [noisy, quiet] = [await world.newTenant(), await world.newTenant()]
  const publisher = await createPublisher(database, noisy.slug, noisy.schema)
  const { child, port } = await startRuntime(world.url, 'redis', world.redisUrl)
  const bus = redis(world.redisUrl, { stream: world.stream, onError: () => undefined })
  const relay = await startRelay(database, bus, { observe: () => undefined })
  const server = `http://127.0.0.1:${port}`
  const call = () => ({
    method: 'GET' as const,
    path: '/notes?limit=1',
    url: `${server}/t/${quiet.slug}/rest/v1`,
    headers: { apikey: quiet.key },
  })
  const ask = async (seconds: number) =>
    (await load(server, { connections: 8, seconds, rate: options.rate, call })).latencies
  const [quietly, busily]: [number[], number[]] = [[], []]
  try {
    await ask(5)
    for (let round = 0; round < ROUNDS; round++) {
      const startedAt = performance.now()
      const asking = { over: false }
      const busy = (async () => {
        const found: number[] = []
        while (!asking.over) found.push(...(await ask(2)))
        return found
      })()
      for (let i = 0; i < options.publications / ROUNDS; i++) await publisher.publish()
      asking.over = true
      busily.push(...(await busy))
      quietly.push(...(await ask((performance.now() - startedAt) / 1000)))
    }
  } finally {
    await relay.close()
    await bus.close?.()
    child.kill('SIGKILL')
    await database.close?.()
  }
  const of = (times: readonly number[], part: number) => round(quantile(times, part))
  return {
    publications: options.publications,
    quietP50Ms: of(quietly, 0.5),
    quietP99Ms: of(quietly, 0.99),
    busyP50Ms: of(busily, 0.5),
    busyP99Ms: of(busily, 0.99),
    p50Ratio: round(quantile(busily, 0.5) / quantile(quietly, 0.5)),
    p99Ratio: round(quantile(busily, 0.99) / quantile(quietly, 0.99)),
  }
}
