/**
 * A tenant that publishes, and the relay of its events, apart from whoever measures: `publishing-process.ts URL REDIS_URL STREAM
 * TENANT SCHEMA`. Told `go` it publishes one version after the other, and tells of each, until it is told `stop`.
 */
import { redis } from '@backsaas/adapters/buses/redis'
import { postgres } from '@backsaas/adapters/databases/postgres'
import { startRelay } from '@backsaas/migrator'
import { createPublisher } from './publisher.ts'

const [url = '', redisUrl = '', stream = '', tenant = '', schema = ''] = process.argv.slice(2)
const database = postgres(url)
const publisher = await createPublisher(database, tenant, schema)
await startRelay(database, redis(redisUrl, { stream, onError: () => undefined }), { observe: () => undefined })
process.on('disconnect', () => process.exit())
let going = false
process.on('message', async (told) => {
  going = told === 'go'
  while (going) {
    await publisher.publish()
    process.send?.('published')
  }
})
process.send?.('ready')
