/** Reading a schema back on Postgres; and from a database that knows nothing of BackSaaS. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '@backsaas/cli'
import { compileSchema } from '@backsaas/core/language'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../fixture/test-server.ts'
import { introspectSuite } from './introspect-suite.ts'
import { SEED_PATH, STORE_SCHEMA, type StoreFixture, startStore } from './store-fixture.ts'

introspectSuite('postgres')

const FOREIGN = `
create type mood as enum ('calm', 'wild');
create domain cents as bigint check (value >= 0);
create table "People" (
  id serial primary key,
  "Full Name" varchar(50) not null,
  email citext_like unique,
  mood mood default 'calm',
  "order" int,
  tenant_id int,
  size text check (size in ('s', 'm')),
  height numeric(5,2) check (height > 0 and height <= 300),
  born timestamp,
  tags text[] not null default '{}',
  boss_id int references "People" on delete set null,
  created_at timestamptz not null default now(),
  odd point,
  check (height > 1 or born is null)
);
comment on table "People" is 'Who there is';
comment on column "People"."Full Name" is 'As on the passport';
create table pets (
  id uuid primary key default gen_random_uuid(),
  owner int not null references "People" (id) on delete cascade,
  keeper int references "People" (id),
  price cents default 5,
  data json
);
create index on pets (owner, price);
create index on pets (lower(owner::text));
create table visits (pet uuid references pets, day date, note text, primary key (pet, day), unique (day, note));
create table bills (pet uuid, day date, amount numeric not null, foreign key (pet, day) references visits on delete cascade);
create table grids (r int primary key, t text, cells int[][]);
insert into grids values (1, 'kept', '{1,2}');
create view everyone as select * from "People";
insert into "People" (id, "Full Name", email, born, boss_id, "order") values
  (1, 'Ada', 'ada@x', '2000-01-01 10:00', null, 9007), (2, 'Bo', null, null, 1, null);
insert into pets (id, owner, price, data) values ('018f0000-0000-7000-8000-00000000000a', 1, 12345678901234567, '{"a":
 1.50}');
insert into visits values ('018f0000-0000-7000-8000-00000000000a', '2024-02-29', 'x');
insert into bills values ('018f0000-0000-7000-8000-00000000000a', '2024-02-29', 0.90)`.replace('citext_like', 'text')

async function cli(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = []
  const err: string[] = []
  const untilStopped = (): Promise<void> => new Promise(() => {})
  const io = { env: {}, isTty: false, out: (l: string) => out.push(l), err: (l: string) => err.push(l), untilStopped }
  return { code: await run(args, io), out: out.join('\n'), err: err.join('\n') }
}

describe('introspect of a stranger’s database', () => {
  let database: TestDatabase
  const folder = mkdtempSync(join(tmpdir(), 'backsaas-introspect-'))
  const file = join(folder, 'schema.yaml')
  beforeAll(async () => {
    database = await createTestDatabase()
    await database.query(FOREIGN)
  })
  afterAll(async () => {
    await database.drop()
    rmSync(folder, { recursive: true })
  })

  test('tables become entities, and what changed on the way is listed', async () => {
    const ran = await cli(['introspect', database.url, '--out', file, '--data', join(folder, 'rows'), '--json'])
    expect(ran).toMatchObject({ code: 0, err: '' })
    const { notes, rows }: { notes: string[]; rows: unknown } = JSON.parse(ran.out)
    const { people, pets, visits, bills } = compileSchema(readFileSync(file, 'utf8')).entities
    expect(people).toMatchObject({
      description: 'Who there is',
      key: ['id'],
      fields: {
        id: { type: 'bigint', default: { from: 'identity' } },
        full_name: { type: 'string', max: 50, required: true, description: 'As on the passport' },
        mood: { type: 'enum', values: ['calm', 'wild'], default: { literal: 'calm' } },
        order_value: { type: 'integer' },
        tenant_id_value: { type: 'integer' },
        size: { type: 'enum', values: ['s', 'm'] },
        born: { type: 'timestamp' },
        tags: { type: 'text', list: true, required: true, default: { literal: [] } },
        created_at: { type: 'timestamp', writable: true },
        odd: { type: 'string' },
      },
      unique: [['email']],
    })
    expect(people?.fields).not.toHaveProperty('revision')
    expect(pets).toMatchObject({
      key: ['id'],
      fields: { id: { default: { from: 'uuidv7' } }, price: { type: 'bigint', default: { literal: '5' } } },
      indexes: [['owner', 'price']],
    })
    expect(visits).toMatchObject({ key: ['pet', 'day'], unique: [['day', 'note']] })
    expect(Object.values(bills?.relations ?? {})).toMatchObject([
      { kind: 'one', entity: 'visits', from: ['pet', 'day'], to: ['pet', 'day'], onDelete: 'cascade' },
    ])
    expect(Object.values(pets?.relations ?? {}).filter(({ kind }) => kind === 'one')).toMatchObject([
      { name: 'owner_row', entity: 'people', onDelete: 'cascade' },
      { name: 'keeper_row', entity: 'people', onDelete: 'restrict' },
    ])
    for (const told of [
      '"People"',
      '"order"',
      'point',
      'UTC',
      'several columns',
      'height loses a check',
      'pets_lower_idx',
      'view "everyone"',
      'no key',
      'loses its default: now()',
      'pets.price loses a check of its domain: CHECK ((VALUE >= 0))',
      'grids.cells had 2 dimensions',
    ])
      expect(
        notes.filter((note) => note.includes(told)),
        told,
      ).not.toEqual([])
    expect(readFileSync(file, 'utf8')).toContain(`# - ${notes[0]}`)
    expect(rows).toEqual({ people: 2, pets: 1, visits: 1, bills: 1, grids: 1 })
  })

  test('the rows come along as they can be imported', () => {
    const rowsOf = (name: string): unknown[] =>
      readFileSync(join(folder, 'rows', `${name}.ndjson`), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
    expect(rowsOf('people')).toMatchObject([
      { id: 1, full_name: 'Ada', born: '2000-01-01T10:00:00+00:00', order_value: 9007, boss_id: null },
      { id: 2, boss_id: 1 },
    ])
    expect(rowsOf('grids')).toEqual([{ r: 1, t: 'kept', cells: [1, 2] }])
    expect(readFileSync(join(folder, 'rows', 'pets.ndjson'), 'utf8')).toContain('12345678901234567')
    expect(readFileSync(join(folder, 'rows', 'bills.ndjson'), 'utf8')).toContain('0.90')
  })

  test('schema and rows go into a tenant', async () => {
    const store = await startStore('postgres')
    try {
      const { migrate, createTenant, createKey } = await import('@backsaas/migrator')
      const { schema } = await migrate(store.database, file)
      const { slug } = await createTenant(store.database, { slug: 'moved', schemas: [schema] })
      const { key } = await createKey(store.database, { tenant: slug, name: 'move' })
      const [, url = ''] = store.access({ ...store.tenants.acme, slug })
      const ran = await cli(['introspect', database.url, '--out', file, '--to', url, '--key', key, '--json'])
      expect(ran).toMatchObject({ code: 0, err: '' })
      const answer = await fetch(`${url}/pets?select=price,data,owner_row(full_name),visits(bills(amount))`, {
        headers: { apikey: key },
      })
      expect(await answer.text()).toBe(
        '[{"price":12345678901234567,"data":{"a": 1.50},"owner_row":{"full_name":"Ada"},"visits":[{"bills":[{"amount":0.90}]}]}]',
      )
    } finally {
      await store.close()
    }
  })

  test('where there is nothing it says so', async () => {
    expect(
      await cli(['introspect', database.url, '--pg-schema', 'nowhere', '--out', join(folder, 'none.yaml')]),
    ).toMatchObject({
      code: 1,
      err: expect.stringContaining('no table in the Postgres schema "nowhere"'),
    })
    expect(existsSync(join(folder, 'none.yaml'))).toBe(false)
  })
})

describe('the rows of one tenant, straight from the tables', () => {
  let store: StoreFixture
  beforeAll(async () => {
    store = await startStore('postgres')
    for (const tenant of [store.tenants.acme, store.tenants.globex]) {
      const report = ['--report', join(store.folder, `${tenant.slug}.refused`)]
      expect(await store.cli(['import', SEED_PATH, ...store.access(tenant), ...report])).toMatchObject({ code: 0 })
    }
  })
  afterAll(() => store.close())

  test('are that tenant’s alone, and nobody’s unless it is named', async () => {
    const folder = join(store.folder, 'rows')
    const all = [
      'introspect',
      String(store.url),
      '--pg-schema',
      STORE_SCHEMA,
      '--out',
      join(store.folder, 's.yaml'),
      '--data',
      folder,
    ]
    expect(await cli(all)).toMatchObject({ code: 1, err: expect.stringContaining('--tenant') })
    await store.tenants.globex.delete('/playlist_tracks?track_id=gte.0')
    expect(await cli([...all, '--tenant', store.tenants.acme.id])).toMatchObject({ code: 0 })
    const seed: Record<string, unknown[]> = JSON.parse(readFileSync(SEED_PATH, 'utf8'))
    const lines = readFileSync(join(folder, 'playlist_tracks.ndjson'), 'utf8').trimEnd().split('\n')
    expect(lines).toHaveLength(seed.PlaylistTrack?.length ?? 0)
    expect(lines.join()).not.toContain('tenant_id')
  })
})
