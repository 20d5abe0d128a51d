/** A database with a million contacts, once as tenants' rows and once as one company's: same ids, same values, same order. */
import { pg } from '@backsaas/adapters/databases/pg'
import type { Database } from '@backsaas/core'
import { createKey, createTenant, migrate } from '@backsaas/migrator'
import { policies } from '@backsaas/plugins/policies'
import type { Sql } from 'postgres'
import { connect, createAnew, inDatabase, readMark } from './connect.ts'
import { resetData } from './reset-data.ts'

export interface BenchData {
  readonly url: string
  readonly key: string
  /** Of who may see the rows of a condition only. */
  readonly readerKey: string
  /** Contacts of the tenant that is asked, and its companies. */
  readonly contacts: readonly string[]
  readonly companies: readonly string[]
  /** Both sides' tables, quoted: by hand and ours. */
  readonly tables: readonly Tables[]
}

export interface Tables {
  readonly companies: string
  readonly contacts: string
  readonly notes: string
}

export interface DataSize {
  readonly tenants: number
  readonly contactsPerTenant: number
}

const DATABASE = 'backsaas_bench'
export const TENANT = 'bench-0'
/** Raised where the data is another one: what stands is then made anew. */
const FORM = 4
const BY_HAND: Tables = { companies: 'by_hand.companies', contacts: 'by_hand.contacts', notes: 'by_hand.notes' }

/** Makes the database anew unless it stands in this size already; what an earlier run has written is undone. */
export async function prepareData(
  adminUrl: string,
  size: DataSize,
  report: (line: string) => void,
): Promise<BenchData> {
  const url = inDatabase(adminUrl, DATABASE)
  const wanted = JSON.stringify({ ...size, form: FORM })
  if ((await readMark(url, 'select size from by_hand.size')) !== wanted) {
    report(`loading ${size.tenants * size.contactsPerTenant} contacts of ${size.tenants} tenants …`)
    await createAnew(adminUrl, DATABASE)
    await load(url, size, wanted)
  }
  const database = pg(url)
  // Rules can change without the data.
  await migrateSchema(database)
  const { key } = await createKey(database, { tenant: TENANT, name: `bench ${Date.now()}` })
  const reader = await createKey(database, { tenant: TENANT, name: `reader ${Date.now()}`, roles: ['reader'] })
  await database.close?.()
  const sql = connect(url)
  const tables = [BY_HAND, await ourTables(sql)]
  await resetData(sql, tables)
  const contacts = await idsOf(sql, `by_hand.contacts where email like '%@t0.example.com'`)
  const companies = await idsOf(sql, `by_hand.companies where name like 'Company 0-%'`)
  await sql.end()
  return { url, key, readerKey: reader.key, contacts, companies, tables }
}

async function load(url: string, { tenants, contactsPerTenant }: DataSize, mark: string): Promise<void> {
  const database = pg(url)
  await migrateSchema(database)
  const { id } = await createTenant(database, { slug: TENANT, schemas: ['bench'] })
  await database.close?.()
  const sql = connect(url)
  const ours = await ourTables(sql)
  await sql.unsafe(BY_HAND_TABLES)
  await sql.unsafe(`
    create temp table tenants as
      select t, case when t = 0 then '${id}'::uuid else gen_random_uuid() end as tenant from generate_series(0, ${tenants - 1}) t;
    create temp table firms as select t, tenant, f, gen_random_uuid() as id from tenants, generate_series(0, 9) f;
    create temp table people as
      select p.*, f.id as company from (
        select t, tenant, i, gen_random_uuid() as id, gen_random_uuid() as note from tenants, generate_series(0, ${contactsPerTenant - 1}) i) p
      join firms f on f.t = p.t and f.f = p.i % 10
      order by random()`)
  for (const [tables, tenant, tenantId] of [
    [BY_HAND, '', ''],
    [ours, 'tenant_id, ', 'tenant, '],
  ] as const)
    await sql.unsafe(`
      insert into ${tables.companies} (${tenant}id, name) select ${tenantId}id, 'Company ' || t || '-' || f from firms;
      insert into ${tables.contacts} (${tenant}id, email, first_name, last_name, status, score, campaign, company_id)
        select ${tenantId}id, 'p' || i || '@t' || t || '.example.com', 'First' || i, 'Last' || i,
          (array['lead','prospect','customer'])[1 + i % 3], i / 10 % 100, t || '-' || i / 100, company from people;
      insert into ${tables.notes} (${tenant}id, contact_id, body)
        select ${tenantId}note, id, 'note of ' || i from people where i % 2 = 0;`)
  await sql.unsafe(BY_HAND_INDEXES)
  for (const tables of [BY_HAND, ours])
    for (const table of Object.values(tables)) await sql.unsafe(`vacuum (freeze, analyze) ${table}`)
  await sql.unsafe(`create table by_hand.size as select '${mark}'::text as size`)
  await sql.end()
}

async function migrateSchema(database: Database): Promise<void> {
  await migrate(database, new URL('../schema.yaml', import.meta.url).pathname, { decide: policies().access.decide })
}

/** Where the migrator has put them. */
async function ourTables(sql: Sql): Promise<Tables> {
  const [row] = await sql`
    select v.mapping from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
    where p.schema_name = 'bench' and v.state = 'live' order by v.version desc limit 1`
  const { schema, entities } = JSON.parse(String(row?.mapping))
  const table = (entity: string): string => `"${schema}"."${entities[entity].table}"`
  return { companies: table('companies'), contacts: table('contacts'), notes: table('notes') }
}

async function idsOf(sql: Sql, from: string): Promise<readonly string[]> {
  const rows = await sql.unsafe(`select id::text from ${from} order by id`).values()
  return rows.map(([id]) => String(id))
}

/** What a developer would make for one company. */
const BY_HAND_TABLES = `
  create schema by_hand;
  create table by_hand.companies (id uuid primary key, name text not null);
  create table by_hand.contacts (
    id uuid primary key, email text not null, first_name text not null, last_name text, status text not null default 'lead',
    score bigint, campaign text, company_id uuid references by_hand.companies,
    created_at timestamptz not null default now(), updated_at timestamptz not null default now(), revision bigint not null default 1);
  create table by_hand.notes (id uuid primary key, contact_id uuid references by_hand.contacts, body text not null);`

/** The same that ours have, without the tenant in front. */
const BY_HAND_INDEXES = `
  create index on by_hand.contacts (company_id, score);
  create index on by_hand.contacts (campaign, id);
  create index on by_hand.notes (contact_id);`
