/** A database of the benchmark's own, with tenants that publish. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import { bootstrap, createKey, createTenant, migrate } from '@backsaas/migrator'
import { createAnew, inDatabase } from '../connect.ts'
import { schemaText } from './publisher.ts'

export interface PublishingTenant {
  readonly slug: string
  readonly key: string
  /** What its own schema is called. */
  readonly schema: string
}

export interface World {
  readonly url: string
  readonly redisUrl: string
  /** The key of the stream in Redis. */
  readonly stream: string
  /** One that owns a schema. */
  newTenant(): Promise<PublishingTenant>
}

const DATABASE = 'backsaas_bench_registry'

export async function createWorld(adminUrl: string, redisUrl: string): Promise<World> {
  await createAnew(adminUrl, DATABASE)
  const url = inDatabase(adminUrl, DATABASE)
  const database = postgres(url)
  await bootstrap(database, { report: () => undefined })
  await database.close?.()
  let n = 0
  return {
    url,
    redisUrl,
    stream: `backsaas:bench:${DATABASE}`,
    async newTenant() {
      const slug = `publisher-${++n}`
      const schema = `own_${n}`
      const database = postgres(url)
      await createTenant(database, { slug })
      const { key } = await createKey(database, { tenant: slug, name: 'bench' })
      await migrate(database, schemaText(schema, 1), { owner: slug, report: () => undefined })
      await database.close?.()
      return { slug, key, schema }
    },
  }
}
