/**
 * A compatible version that is published over a migration which waits for its contract: three versions serve, and what the frozen plan
 * takes away in the end is nothing of the newest.
 */
import {
  migrate,
  migrationStatus,
  pinInstall,
  planSchema,
  rollbackMigration,
  runMigration,
  unpinInstall,
} from '@backsaas/migrator'
import { afterEach, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { catalogueOf } from './copies.ts'
import { startLedger } from './ledger.ts'
import { people } from './people.ts'
import { renamedConvertedSplit } from './renamed-converted-split.ts'

const FIELDS = [
  'age: { type: integer, min: 0, max: 100 }',
  'twice: { type: bigint, computed: "age * 2", stored: true }',
  'kind: { type: enum, values: [a, b, c], default: a }',
]
const { before, after } = renamedConvertedSplit('crm', ...FIELDS)
/** Its contract drops an index and a computed field, and swaps what keeps the other. */
const BEFORE = `${before}      last_age: { type: bigint, computed: "age + 1", stored: true }
    indexes: [[other], [age, other]]
`
const AFTER = `${after.replace('removed: {', 'removed: { last_age: {},').replace('[a, b, c], default: a', '[a, b], default: a, map: { c: b }')}`
/** A field, an index that the contract was to drop, one of which it was to drop the whole, a computed field, wider bounds. */
const OVER = `${AFTER.replace('max: 100 }', 'max: 150 }').replace('      other:', '      remark:')}      thrice: { type: bigint, computed: "age * 3", stored: true }
      more: { type: string, required: true, default: m }
      other: { type: string }
    indexes: [[other], [age]]
`
const at = (version: number): Record<string, string> => ({ 'schema-version': String(version) })

let fixture: Fixture
afterEach(() => fixture.close())

async function begin(): Promise<string> {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
  await pinInstall(fixture.database, { tenant: 'globex', profile: 'crm', until: '30d', reason: 'their year ends' })
  await migrate(fixture.database, AFTER)
  return (await statusOf()).id
}

async function statusOf(): Promise<{ id: string; token: string; phase: string; problem: unknown }> {
  const [status] = await migrationStatus(fixture.database, { schema: 'crm' })
  return { id: status?.id ?? '', token: status?.token ?? '', phase: status?.phase ?? '', problem: status?.problem }
}

async function contract(): Promise<void> {
  const { id, token } = await statusOf()
  await runMigration(fixture.database, id, { until: 'done', now: true, token, giveUpAfterMs: 20_000 })
}

/** The same versions one after the other, each when the one before is over: with the index that only the first had. */
async function oneAfterTheOther(): Promise<string> {
  const other = await startFixture({ database: 'postgres', schemas: [BEFORE] })
  try {
    await migrate(other.database, AFTER)
    const [status] = await migrationStatus(other.database, { schema: 'crm' })
    await runMigration(other.database, status?.id ?? '', { until: 'done', now: true, token: status?.token ?? '' })
    await migrate(other.database, OVER)
    return await catalogueOf(other.ownerQuery)
  } finally {
    await other.close()
  }
}

test('clients of three versions lose nothing, and in the end all is as if one had waited for the other', async () => {
  const id = await begin()
  const { acme, globex } = fixture.tenants
  const ledger = startLedger(people, [acme, globex], { each: 2 })
  ledger.turn('both', 2)
  await ledger.more(100)
  const { token } = await statusOf()
  const contracting = runMigration(fixture.database, id, { until: 'done', now: true, token })
  await expect
    .poll(async () => (await statusOf()).problem, { timeout: 15_000 })
    .toMatchObject({ code: 'INSTALLS_PINNED', count: 1 })

  const published = await migrate(fixture.database, OVER)
  expect(published).toMatchObject({ version: 3, created: true, newest: 3 })
  expect(published.migration).toBeUndefined()
  ledger.turn('both', 2, 3)
  await ledger.more(300)
  expect(await installed(acme, globex)).toEqual(['3', '1'])
  const ends = async (version: number): Promise<boolean> =>
    (await acme.get('/people?limit=1', at(version))).headers.has('deprecation')
  await expect.poll(() => Promise.all([1, 2, 3].map(ends)), { timeout: 15_000 }).toEqual([true, false, false])
  expect((await statusOf()).problem).toMatchObject({ code: 'INSTALLS_PINNED' })

  ledger.turn('new', 2, 3)
  const unpinned = await unpinInstall(fixture.database, { tenant: 'globex', profile: 'crm' })
  expect(unpinned).toMatchObject({ version: 3, moved: true })
  expect(await contracting).toMatchObject({ phase: 'done' })
  await ledger.more(100)
  const { errors, acknowledged } = await ledger.stop()
  expect(errors).toEqual([])
  expect(acknowledged).toBeGreaterThan(500)
  expect(await ledger.differences()).toEqual([])
  expect((await acme.get('/people', at(1))).status).toBe(406)

  await migrate(fixture.database, OVER)
  expect(await catalogueOf(fixture.ownerQuery)).toBe(await oneAfterTheOther())
}, 120_000)

test('what the newest computes goes on, and its indexes never go away', async () => {
  await begin()
  await migrate(fixture.database, OVER)
  await unpinInstall(fixture.database, { tenant: 'globex', profile: 'crm' })
  await contract()
  expect(await indexes()).toEqual(['age/other', 'other'])
  const { acme } = fixture.tenants
  const row = { heading: 't', price: 1, first: 'a', last: 'b', age: 120 }
  expect((await acme.post('/people', row, at(3))).status).toBe(201)
  const select = '/people?select='
  expect((await acme.get(`${select}twice,thrice,more`, at(3))).rows).toEqual([{ twice: 240, thrice: 360, more: 'm' }])
  expect((await acme.patch('/people?age=eq.120', { age: 7 }, at(2))).status).toBe(204)
  expect((await acme.get(`${select}twice`, at(2))).rows).toEqual([{ twice: 14 }])
  expect((await acme.get(`${select}thrice`, at(3))).rows).toEqual([{ thrice: 21 }])
  await migrate(fixture.database, OVER)
  expect(await indexes()).toEqual(['age', 'other'])
})

/** The versions that tenants have. */
async function installed(...tenants: readonly Caller[]): Promise<string[]> {
  const [registry] = await fixture.ownerQuery(
    `select format('%I.%I', p.pg_schema, v.mapping::json -> 'entities' -> 'installs' ->> 'table')
     from backsaas.placements p join backsaas.versions v on v.placement_id = p.id where p.schema_name = 'platform'`,
  )
  const versions: string[] = []
  for (const { id } of tenants) {
    const rows = await fixture.ownerQuery(
      `select version::text from ${registry?.[0]} where tenant_id = '${id}' and profile = 'crm'`,
    )
    versions.push(String(rows[0]?.[0]))
  }
  return versions
}

/** Columns of the indexes that back no constraint, the tenant left out. */
async function indexes(): Promise<string[]> {
  const rows = await fixture.ownerQuery(
    `select (select string_agg(a.attname, '/' order by k.n) from unnest(x.indkey::int2[]) with ordinality k(attnum, n)
       join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.attnum where a.attname <> 'tenant_id')
     from pg_index x where x.indrelid = '"backsaas_00000000000070008000000000000004".people'::regclass and not x.indisunique order by 1`,
  )
  return rows.map(([columns]) => String(columns))
}

test('the older one is not taken back any more, and says why', async () => {
  const id = await begin()
  await migrate(fixture.database, OVER)
  const refused = {
    code: 'ROLLBACK_BUILT_UPON',
    status: 409,
    message: 'version 3 of crm builds on this one',
    hint: expect.stringContaining('not taken back'),
  }
  await expect(rollbackMigration(fixture.database, id)).rejects.toMatchObject(refused)
  expect(await statusOf()).toMatchObject({ phase: 'live' })
  const { acme } = fixture.tenants
  expect((await acme.get('/people?select=more', at(3))).status).toBe(200)
  expect((await acme.get('/people?select=price,name', at(1))).status).toBe(200)
})

test.each([
  [
    'a value of a field that is kept in step',
    OVER.replace('[a, b], default: a, map', '[a, b, d], default: a, map'),
    'kept in step with kind',
  ],
  [
    'bounds of one',
    AFTER.replace('required: true\n        min: 0', 'required: true\n        min: -5'),
    'kept in step with price',
  ],
])('%s has to wait: it names the migration, and whom that waits for', async (_, source, reason) => {
  await begin()
  const refused = {
    code: 'MIGRATION_OPEN',
    status: 409,
    message: expect.stringMatching(new RegExp(`${reason}.*version 1 to 2.*globex \\(crm at version 1`)),
    hint: expect.stringContaining('--resume crm --contract'),
  }
  await expect(planSchema(fixture.database, source)).rejects.toMatchObject(refused)
  await expect(migrate(fixture.database, source)).rejects.toMatchObject(refused)
  await unpinInstall(fixture.database, { tenant: 'globex', profile: 'crm' })
  await contract()
  expect(await migrate(fixture.database, source)).toMatchObject({ version: 3, created: true })
})

test('bounds of the first version that the second had narrowed go with those of the second', async () => {
  const of = (max: number): string =>
    `schema: crm\nentities:\n  people:\n    fields:\n      n: { type: integer, min: 0, max: ${max} }\n`
  fixture = await startFixture({ database: 'postgres', schemas: [of(100)] })
  await migrate(fixture.database, of(50))
  await migrate(fixture.database, of(200))
  const { acme } = fixture.tenants
  expect((await acme.post('/people', { n: 150 }, at(3))).status).toBe(201)
  expect((await acme.post('/people', { n: 250 }, at(3))).status).toBe(400)
  expect((await acme.get('/people?select=n', at(1))).rows).toEqual([{ n: 150 }])
  await contract()
  expect(await planSchema(fixture.database, of(200))).toMatchObject({ changes: [] })
})

test('published over a version that was held back, older ones are told that they end', async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
  await migrate(fixture.database, AFTER, { hold: true })
  const { acme } = fixture.tenants
  const ends = async (): Promise<boolean> => (await acme.get('/people?limit=1', at(1))).headers.has('deprecation')
  expect([await installed(acme), await ends()]).toEqual([['1'], false])
  await migrate(fixture.database, OVER)
  expect(await installed(acme)).toEqual(['3'])
  await expect.poll(ends, { timeout: 10_000 }).toBe(true)
  const { id, token } = await statusOf()
  const early = runMigration(fixture.database, id, { until: 'done', token, giveUpAfterMs: 1 })
  await expect(early).rejects.toMatchObject({ code: 'MIGRATION_WAITING', details: { code: 'DRAINING' } })
})
