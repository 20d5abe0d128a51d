/** A database with many tenants of many schemas, made by the migrator's own functions; kept for later runs. */
import { pg } from '@backsaas/adapters/databases/pg'
import type { Database } from '@backsaas/core'
import { createKey, createTenant, migrate } from '@backsaas/migrator'
import type { Sql } from 'postgres'
import { connect, createAnew, inDatabase, readMark } from './connect.ts'

export interface ManyData {
  readonly url: string
  readonly schemas: number
  /** Neighbours have different schemas. */
  readonly tenants: readonly ManyTenant[]
}

export interface ManyTenant {
  readonly slug: string
  readonly key: string
  /** One of its contacts. */
  readonly contact: string
}

export interface ManySize {
  readonly schemas: number
  readonly tenants: number
}

const DATABASE = 'backsaas_bench_many'
const FORM = 1
const CONTACTS = 10

/** Makes the database anew unless it stands in this size already. */
export async function prepareMany(adminUrl: string, size: ManySize, report: (line: string) => void): Promise<ManyData> {
  const url = inDatabase(adminUrl, DATABASE)
  const wanted = JSON.stringify({ ...size, form: FORM })
  if ((await readMark(url, 'select size from bench.size')) !== wanted) {
    await createAnew(adminUrl, DATABASE)
    await load(url, size, wanted, report)
  }
  const sql = connect(url)
  const tenants = await sql<ManyTenant[]>`select slug, key, contact::text from bench.tenants order by n`
  await sql.end()
  return { url, schemas: size.schemas, tenants: [...tenants] }
}

async function load(
  url: string,
  { schemas, tenants }: ManySize,
  mark: string,
  report: (line: string) => void,
): Promise<void> {
  const database = pg(url)
  const sql = connect(url)
  const publishing = stopwatch()
  for (let i = 0; i < schemas; i++) {
    await migrate(database, schemaText(i))
    if (i % 100 === 99) report(`${i + 1} schemas published, ${publishing(i + 1)} ms each`)
  }
  await sql.unsafe(
    `create schema bench; create table bench.tenants (n int, slug text, id uuid, key text, contact uuid)`,
  )
  const creating = stopwatch()
  for (let n = 0; n < tenants; n += LANES) {
    await Promise.all(Array.from({ length: LANES }, (_, lane) => createOne(database, sql, n + lane, schemas)))
    if (n % 1000 === 0 && n > 0) report(`${n} tenants with keys, ${creating(n)} ms each`)
  }
  for (let i = 0; i < schemas; i++) await insertRows(sql, schemaName(i))
  await sql.unsafe('vacuum (freeze, analyze)')
  await sql.unsafe(`create table bench.size as select '${mark}'::text as size`)
  await sql.end()
  await database.close?.()
}

const LANES = 4

async function createOne(database: Database, sql: Sql, n: number, schemas: number): Promise<void> {
  const slug = `many-${n}`
  const { id } = await createTenant(database, { slug, schemas: [schemaName(n % schemas)] })
  const { key } = await createKey(database, { tenant: slug, name: 'bench' })
  await sql`insert into bench.tenants (n, slug, id, key) values (${n}, ${slug}, ${id}, ${key})`
}

/** A few contacts for each tenant that has the schema, one of them to ask for. */
async function insertRows(sql: Sql, schema: string): Promise<void> {
  const [row] = await sql`
    select v.mapping from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
    where p.schema_name = ${schema} and v.state = 'live'`
  const mapping = JSON.parse(String(row?.mapping))
  const table = `"${mapping.schema}"."${mapping.entities.contacts.table}"`
  await sql.unsafe(`
    with w as (
      insert into ${table} (tenant_id, id, email, first_name)
      select t.id, gen_random_uuid(), 'p' || i || '@example.com', 'First' || i
      from bench.tenants t, generate_series(1, ${CONTACTS}) i where t.n % (select count(*) from backsaas.placements where schema_name like 'many%') = ${Number(schema.slice('many_'.length))}
      returning tenant_id, id)
    update bench.tenants t set contact = w.id from w where w.tenant_id = t.id`)
}

function schemaName(i: number): string {
  return `many_${i}`
}

/** Each differs from every other in a field of its own. */
function schemaText(i: number): string {
  return `schema: ${schemaName(i)}
entities:
  companies:
    fields:
      name: { type: string, required: true }
  contacts:
    fields:
      email: { type: string, required: true }
      first_name: { type: string, required: true }
      own_${i}: { type: string }
      company_id: { to: companies, as: company }
  notes:
    fields:
      contact_id: { to: contacts, as: contact }
      body: { type: text, required: true }
`
}

/** Milliseconds for each of so many. */
function stopwatch(): (count: number) => number {
  const startedAt = performance.now()
  return (count) => Math.round((performance.now() - startedAt) / count)
}
