/** A database prepared once and copied for each attempt, so that all of them begin at the same bytes. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import type { Database } from '@backsaas/core'
import driver from 'postgres'
import { SCOPE } from '../fixture/start-fixture.ts'
import { ADMIN_URL, createTestDatabase, type TestDatabase } from '../fixture/test-server.ts'

export interface Copies {
  readonly original: TestDatabase
  /** Opens a copy for as long as `use` takes. */
  withCopy<T>(use: (copy: Copy) => Promise<T>): Promise<T>
  drop(): Promise<void>
}

export interface Copy {
  readonly url: string
  readonly database: Database
  query(sql: string): Promise<readonly (readonly (string | null)[])[]>
}

/** @param prepare is given the original, which it leaves as every copy is to begin. */
export async function prepareCopies(prepare: (database: Database) => Promise<void>): Promise<Copies> {
  const original = await createTestDatabase()
  const database = postgres(original.url)
  await prepare(database)
  await database.close?.()
  const admin = driver(ADMIN_URL, { max: 1, onnotice: () => {} })
  const name = new URL(original.url).pathname.slice(1)
  let made = 0
  return {
    original,
    async withCopy(use) {
      const copy = `${name}_${++made}`
      await disconnect(original, admin, name)
      await admin.unsafe(`create database ${copy} template ${name}`)
      const url = new URL(original.url)
      url.pathname = `/${copy}`
      const opened = postgres(url.href)
      try {
        return await use({ url: url.href, database: opened, query: (sql) => ownerQuery(opened, sql) })
      } finally {
        await opened.close?.()
        await admin.unsafe(`drop database ${copy} with (force)`)
      }
    },
    async drop() {
      await admin.end()
      await original.drop()
    },
  }
}

/** A template is copied while nobody is in it. */
async function disconnect(_original: TestDatabase, admin: driver.Sql, name: string): Promise<void> {
  await admin.unsafe(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`)
}

async function ownerQuery(database: Database, text: string): Promise<readonly (readonly (string | null)[])[]> {
  const [result] = await database.open(SCOPE, 'owner').batch([{ text, params: [], prepare: false }])
  return result?.rows ?? []
}

/** Columns, constraints, indexes, triggers and functions of the store that schemas are in. */
export async function catalogueOf(query: Copy['query']): Promise<string> {
  const schema = `n.nspname = 'backsaas_00000000000070008000000000000004'`
  const parts = [
    `select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
     where ${schema} and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped`,
    `select c.conname, pg_get_constraintdef(c.oid), c.convalidated from pg_constraint c
     join pg_namespace n on n.oid = c.connamespace where ${schema}`,
    `select i.indexrelid::regclass, pg_get_indexdef(i.indexrelid), i.indisvalid from pg_index i
     join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace where ${schema}`,
    `select t.tgname, pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid
     join pg_namespace n on n.oid = c.relnamespace where ${schema} and not t.tgisinternal`,
    `select p.proname, p.prosrc from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${schema}`,
  ]
  const texts: string[] = []
  for (const part of parts) {
    const rows = await query(`select x::text from (${part}) x order by 1`)
    texts.push(rows.map(([row]) => row).join('\n'))
  }
  return texts.join('\n--\n')
}

/** The catalogue, every row, and where the versions stand. */
export async function stateOf(copy: Copy): Promise<string> {
  const tables =
    await copy.query(`select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'backsaas_00000000000070008000000000000004' and c.relkind = 'r' order by 1`)
  const rows: string[] = []
  for (const [table] of tables) {
    const [row] = await copy.query(
      `select count(*) || ' ' || md5(coalesce(string_agg(to_jsonb(t)::text, '' order by t.tenant_id, t.id), '')) from ${table} t`,
    )
    rows.push(`${table} ${row?.[0]}`)
  }
  const versions = await copy.query(
    `select v.version || ' ' || v.state from backsaas.versions v join backsaas.placements p on p.id = v.placement_id where p.schema_name = 'crm' order by 1`,
  )
  return [await catalogueOf(copy.query), ...rows, ...versions.map(([text]) => text)].join('\n')
}
