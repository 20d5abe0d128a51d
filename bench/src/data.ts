/** A database with a million contacts, once as tenants' rows and once as one company's. */

import { postgres } from '@backsaas/adapters/databases/postgres'
import { createKey, createTenant, migrate } from '@backsaas/migrator'
import driver from 'postgres'

export interface BenchData {
  readonly url: string
  readonly key: string
  /** Contacts of the tenant that is asked. */
  readonly ids: readonly string[]
}

export interface DataSize {
  readonly tenants: number
  readonly contactsPerTenant: number
}

const DATABASE = 'backsaas_bench'
export const TENANT = 'bench-0'

/** Makes the database anew unless it stands in this size already. */
export async function prepareData(
  adminUrl: string,
  size: DataSize,
  report: (line: string) => void,
): Promise<BenchData> {
  const url = new URL(adminUrl)
  url.pathname = `/${DATABASE}`
  const admin = driver(adminUrl, { max: 1, onnotice: () => {} })
  const [exists] = await admin`select 1 from pg_database where datname = ${DATABASE}`
  const wanted = JSON.stringify(size)
  const standing = exists ? await readSize(url.href) : null
  if (standing !== wanted) {
    report(`loading ${size.tenants * size.contactsPerTenant} contacts of ${size.tenants} tenants …`)
    await admin.unsafe(`drop database if exists ${DATABASE} with (force)`)
    await admin.unsafe(`create database ${DATABASE}`)
    await load(url.href, size)
  }
  await admin.end()
  const database = postgres(url.href)
  const { key } = await createKey(database, { tenant: TENANT, name: `bench ${Date.now()}` })
  await database.close?.()
  return { url: url.href, key, ids: await readIds(url.href) }
}

async function readSize(url: string): Promise<string | null> {
  const sql = driver(url, { max: 1, onnotice: () => {} })
  try {
    const [row] = await sql`select size from by_hand.size`
    return String(row?.size)
  } catch {
    return null // not ours, or half loaded: it is made anew
  } finally {
    await sql.end()
  }
}

async function load(url: string, { tenants, contactsPerTenant }: DataSize): Promise<void> {
  const database = postgres(url)
  await migrate(database, new URL('../schema.yaml', import.meta.url).pathname)
  await createTenant(database, { slug: TENANT, schemas: ['bench'] })
  await database.close?.()
  const sql = driver(url, { max: 1, onnotice: () => {} })
  const [placement] =
    await sql`select v.mapping from backsaas.versions v join backsaas.placements p on p.id = v.placement_id where p.schema_name = 'bench'`
  const { schema, entities } = JSON.parse(String(placement?.mapping))
  const table = (name: string) => `"${schema}"."${entities[name].table}"`
  const [tenant] = await sql.unsafe(
    `select tenant_id::text from backsaas.fence_tenants where tenant_id <> '00000000-0000-7000-8000-000000000001'`,
  )
  await sql.unsafe(`
    create schema by_hand;
    create table by_hand.companies (id uuid primary key, name text not null);
    create table by_hand.contacts (id uuid primary key, email text not null, first_name text not null, last_name text, status text not null default 'lead', score bigint,
      company_id uuid references by_hand.companies, created_at timestamptz not null default now(), updated_at timestamptz not null default now(), revision bigint not null default 1);
    create table by_hand.notes (id uuid primary key, contact_id uuid references by_hand.contacts, body text not null);
    create temp table tenants as select n, case when n = 0 then '${tenant?.tenant_id}'::uuid else gen_random_uuid() end as id from generate_series(0, ${tenants - 1}) n;
    create temp table seed as select t.n as t, t.id as tenant, i, gen_random_uuid() as id from tenants t, generate_series(1, ${contactsPerTenant}) i;
    create temp table firms as select t.n as t, t.id as tenant, i, gen_random_uuid() as id from tenants t, generate_series(0, 9) i;
    insert into by_hand.companies select id, 'Company ' || t || '-' || i from firms;
    insert into ${table('companies')} (tenant_id, id, name) select tenant, id, 'Company ' || t || '-' || i from firms;
    create temp table people as select s.*, f.id as company from seed s join firms f on f.t = s.t and f.i = s.i % 10;
    insert into by_hand.contacts (id, email, first_name, last_name, status, score, company_id)
      select id, 'p' || i || '@t' || t || '.example.com', 'First' || i, 'Last' || i, (array['lead','prospect','customer'])[1 + i % 3], i % 100, company from people order by random();
    insert into ${table('contacts')} (tenant_id, id, email, first_name, last_name, status, score, company_id)
      select tenant, id, 'p' || i || '@t' || t || '.example.com', 'First' || i, 'Last' || i, (array['lead','prospect','customer'])[1 + i % 3], i % 100, company from people order by random();
    insert into by_hand.notes select gen_random_uuid(), id, 'note of ' || i from people where i % 2 = 0;
    insert into ${table('notes')} (tenant_id, id, contact_id, body) select tenant, gen_random_uuid(), id, 'note of ' || i from people where i % 2 = 0;
    create index on by_hand.contacts (status, score);
    create index on by_hand.contacts (company_id);
    create index on by_hand.notes (contact_id);
    create table by_hand.size as select '${JSON.stringify({ tenants, contactsPerTenant })}'::text as size;
  `)
  for (const name of [
    'by_hand.companies',
    'by_hand.contacts',
    'by_hand.notes',
    table('companies'),
    table('contacts'),
    table('notes'),
  ])
    await sql.unsafe(`vacuum analyze ${name}`)
  await sql.end()
}

async function readIds(url: string): Promise<readonly string[]> {
  const sql = driver(url, { max: 1, onnotice: () => {} })
  const rows = await sql
    .unsafe(`select id::text from by_hand.contacts where email like '%@t0.example.com' order by id`)
    .values()
  await sql.end()
  return rows.map(([id]) => String(id))
}
