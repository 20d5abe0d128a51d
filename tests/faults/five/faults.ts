/** What goes wrong while versions are published, each in turn. */
import { Redis } from 'ioredis'
import type { Outages } from './outages.ts'
import type { World } from './world.ts'

export interface Fault {
  readonly name: string
  /** Resolves when all is in order again. */
  run(): Promise<void>
}

/** @param frozenMs how long a runtime is stopped. */
export function faultsOf(world: World, outages: Outages, frozenMs: number): readonly Fault[] {
  const { postgres, redis, migrators, runtimes } = world
  const restart = (i: number): Fault => ({
    name: `runtime ${i} SIGKILL`,
    run: () =>
      outages.during(i, async () => {
        await runtimes[i]?.kill()
        await runtimes[i]?.start()
      }),
  })
  const freeze = (i: number): Fault => ({
    name: `runtime ${i} SIGSTOP for ${frozenMs} ms`,
    run: () => outages.during(i, async () => runtimes[i]?.freeze(frozenMs)),
  })
  const replace = (i: number): Fault => ({
    name: `migrator ${i} SIGKILL`,
    run: async () => {
      await migrators[i]?.kill()
      await migrators[i]?.start()
    },
  })
  return [
    restart(1),
    { name: 'Redis FLUSHALL', run: () => flush(redis.url) },
    freeze(2),
    // One of both relays; whichever it is, the other goes on.
    replace(0),
    {
      name: 'Redis SIGKILL, back empty',
      run: async () => {
        await redis.kill()
        await redis.start()
      },
    },
    { name: 'Postgres restarted -m immediate', run: () => outages.during('postgres', () => postgres.restart()) },
    replace(1),
    restart(3),
  ]
}

async function flush(url: string): Promise<void> {
  const client = new Redis(url)
  await client.flushall()
  client.disconnect()
}
