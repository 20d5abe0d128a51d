/** A database of its own with rows of one tenant, and a runtime in this process. */
import { memory } from '@backsaas/adapters/buses/memory'
import { postgres as adapter } from '@backsaas/adapters/databases/postgres'
import type { Database } from '@backsaas/core'
import { createKey, createTenant, migrate } from '@backsaas/migrator'
import { createRuntime, type Runtime } from '@backsaas/runtime'
import postgres from 'postgres'
import { BEFORE } from './schemas.ts'

export const STORE = '"backsaas_00000000000070008000000000000004"'

export interface World {
  readonly database: Database
  readonly url: string
  readonly sql: postgres.Sql
  readonly runtime: Runtime
  readonly tenantId: string
  readonly key: string
  close(): Promise<void>
}

/**
 * How ids lie in the table. `ordered`: as rows came, which is how this product makes them (UUIDv7) and one tenant's rows lie. `random`: rows that
 * follow one another by key are each on another page, as those of many tenants are, or of clients that make ids of their own.
 */
export type Ids = 'ordered' | 'random'

const ID: Readonly<Record<Ids, string>> = { ordered: `lpad(to_hex(i), 32, '0')::uuid`, random: 'md5(i::text)::uuid' }

/** @param rows of the tenant. */
export async function createWorld(adminUrl: string, rows: number, ids: Ids): Promise<World> {
  // Of this process alone: another bench is not to lose its database under it.
  const name = `backsaas_bench_migrations_${process.pid}`
  const admin = postgres(adminUrl, { max: 1, onnotice: () => {} })
  await admin.unsafe(`drop database if exists ${name} with (force)`)
  await admin.unsafe(`create database ${name}`)
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  const database = adapter(url.href, { max: 10 })
  await migrate(database, BEFORE, { report: () => {} })
  const { id } = await createTenant(database, { slug: 'acme', schemas: ['shop'] })
  const { key } = await createKey(database, { tenant: 'acme', name: 'bench' })
  const sql = postgres(url.href, { max: 2, onnotice: () => {} })
  await sql.unsafe(
    `insert into ${STORE}.people (tenant_id, id, n, title, price, name, other)
     select '${id}', ${ID[ids]}, i, 't' || i, i % 100000, 'a' || i || ' b' || i, 'o' from generate_series(1, ${rows}) i`,
  )
  await sql.unsafe(`vacuum analyze ${STORE}.people`)
  await sql.unsafe('checkpoint')
  const runtime = createRuntime({ hostSuffix: 'example.test', database, bus: memory() })
  await runtime.ready()
  return {
    database,
    url: url.href,
    sql,
    runtime,
    tenantId: id,
    key,
    async close() {
      await runtime.close()
      await database.close?.()
      await sql.end()
      await admin.unsafe(`drop database ${name} with (force)`)
      // Which are named after the database.
      const roles = await admin.unsafe(
        `select quote_ident(rolname) as role from pg_roles where rolname like '%\\_${name}'`,
      )
      for (const { role } of roles) await admin.unsafe(`drop role ${role}`)
      await admin.end()
    },
  }
}
