/** A runtime on a bus, as a process: `runtime.ts URL redis|notify REDIS_URL`. */
import { notify } from '@backsaas/adapters/buses/notify'
import { redis } from '@backsaas/adapters/buses/redis'
import { pg } from '@backsaas/adapters/databases/pg'
import { createRuntime } from '@backsaas/runtime'
import { serve } from '@hono/node-server'

const [url = '', kind = 'notify', redisUrl = ''] = process.argv.slice(2)
const database = pg(url)
const onError = (): void => undefined
const bus = kind === 'redis' ? redis(redisUrl, { stream: stream(), onError }) : notify(database, { onError })
const runtime = createRuntime({ database, bus })
await runtime.ready()
process.on('disconnect', () => process.exit())
serve({ fetch: (request) => runtime.fetch(request), port: 0, hostname: '127.0.0.1' }, ({ port }) =>
  process.send?.(port),
)

function stream(): string {
  return `backsaas:bench:${new URL(url).pathname.slice(1)}`
}
