/** A database of the benchmark's own, with tenants that publish. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import type { Database } from '@backsaas/core'
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

/** @param database what it is called; there may be several on one server. */
export async function createWorld(adminUrl: string, redisUrl: string, database: string): Promise<World> {
  await createAnew(adminUrl, database)
  const url = inDatabase(adminUrl, database)
  await withDatabase(url, (opened) => bootstrap(opened, { report: () => undefined }))
  let n = 0
  return {
    url,
    redisUrl,
    stream: `backsaas:bench:${database}`,
    async newTenant() {
      const slug = `publisher-${++n}`
      const schema = `own_${n}`
      return withDatabase(url, async (opened) => {
        await createTenant(opened, { slug })
        const { key } = await createKey(opened, { tenant: slug, name: 'bench' })
        await migrate(opened, schemaText(schema, 1), { owner: slug, report: () => undefined })
        return { slug, key, schema }
      })
    },
  }
}

async function withDatabase<T>(url: string, use: (database: Database) => Promise<T>): Promise<T> {
  const database = postgres(url)
  try {
    return await use(database)
  } finally {
    await database.close?.()
  }
}
