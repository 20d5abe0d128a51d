/** A relay in a process of its own, made to be killed. Given `stuck`, it says `sent` and stays between sending and marking. */
import { writeSync } from 'node:fs'
import { redis } from '@backsaas/adapters/buses/redis'
import { postgres } from '@backsaas/adapters/databases/postgres'
import { startRelay } from '@backsaas/migrator'

const [databaseUrl, redisUrl, how] = process.argv.slice(2)
if (!databaseUrl || !redisUrl) throw new Error('usage: relay.ts DATABASE_URL REDIS_URL [stuck]')

const bus = redis(redisUrl, { onError: () => {} })
await startRelay(
  postgres(databaseUrl),
  {
    ...bus,
    async publish(events) {
      await bus.publish(events)
      writeSync(1, 'sent\n')
      if (how === 'stuck') await new Promise(() => setInterval(() => {}, 1000))
    },
  },
  { leaseMs: 500, intervalMs: 50, observe: () => {} },
)
writeSync(1, 'ready\n')
