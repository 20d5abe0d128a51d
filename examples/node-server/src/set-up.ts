/** Brings a database up to date: the schema, and a tenant for each company. In production: the `backsaas` command. */
import { fileURLToPath } from 'node:url'
import { pg } from '@backsaas/adapters/databases/pg'
import { createTenant, listTenants, migrate } from '@backsaas/migrator'

const CRM = fileURLToPath(new URL('../crm.yaml', import.meta.url))

/** @example await setUp(process.env.DATABASE_URL) */
export async function setUp(databaseUrl: string): Promise<void> {
  const database = pg(databaseUrl)
  try {
    const { schema } = await migrate(database, CRM)
    const known = new Set((await listTenants(database)).map(({ slug }) => slug))
    for (const slug of ['acme', 'globex']) {
      if (!known.has(slug)) await createTenant(database, { slug, schemas: [schema] })
    }
  } finally {
    await database.close?.()
  }
}
