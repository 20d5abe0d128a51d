/** A merge by a hook in TypeScript: rows there are, what both versions write while they serve, the contract; and nobody who has the hook. */
import {
  defineMigrationHook,
  migrate,
  migrationStatus,
  rollbackMigration,
  runMigration,
  startMigrations,
} from '@backsaas/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'

const BEFORE = `schema: crm
entities:
  people:
    fields:
      n: { type: integer, required: true, unique: true }
      first: { type: string, required: true }
      last: { type: string }
`
const AFTER = `schema: crm
entities:
  people:
    removed: { first: { down: "'?'" }, last: {} }
    fields:
      n: { type: integer, required: true, unique: true }
      name: { type: string, convert: { hook: merge_name } }
`
const mergeName = defineMigrationHook({
  name: 'merge_name',
  up: ({ first, last }) => ({ name: last === null ? String(first) : `${first} ${last}` }),
  down({ name }) {
    const [first, ...rest] = String(name).split(' ')
    return { first: first ?? '', last: rest.length > 0 ? rest.join(' ') : null }
  },
})
const hooks = [mergeName]
const SOON = { timeout: 15_000 }
const at = (version: number): Record<string, string> => ({ 'schema-version': String(version) })

let fixture: Fixture
beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
})
afterEach(() => fixture.close())

const see = async (n: number, select: string, version: number): Promise<unknown> =>
  (await fixture.tenants.acme.get(`/people?n=eq.${n}&select=${select}`, at(version))).rows[0]

test('converts rows there are, what either version writes while both serve, and ends', async () => {
  const { acme } = fixture.tenants
  await acme.add('people', [
    { n: 1, first: 'Ann', last: 'Lee' },
    { n: 2, first: 'Bo', last: null },
  ])
  await migrate(fixture.database, AFTER, { run: { hooks } })
  expect([await see(1, 'name', 2), await see(2, 'name', 2)]).toEqual([{ name: 'Ann Lee' }, { name: 'Bo' }])
  const migrations = await startMigrations(fixture.database, { hooks })
  try {
    expect((await acme.patch('/people?n=eq.1', { last: 'Low' }, at(1))).status).toBe(204)
    expect((await acme.patch('/people?n=eq.2', { name: 'Cy Roe' }, at(2))).status).toBe(204)
    expect((await acme.post('/people', { n: 3, name: 'Di Poe' }, at(2))).status).toBe(201)
    expect((await acme.post('/people', { n: 4, first: 'Ed' }, at(1))).status).toBe(201)
    await expect.poll(() => see(1, 'name', 2), SOON).toEqual({ name: 'Ann Low' })
    await expect.poll(() => see(2, 'first,last', 1), SOON).toEqual({ first: 'Cy', last: 'Roe' })
    await expect.poll(() => see(3, 'first,last', 1), SOON).toEqual({ first: 'Di', last: 'Poe' })
    await expect.poll(() => see(4, 'name', 2), SOON).toEqual({ name: 'Ed' })
    // What only one side can hold stays as it is while the other is not touched.
    expect((await acme.patch('/people?n=eq.1', { name: 'Ann  Low' }, at(2))).status).toBe(204)
    await expect.poll(() => see(1, 'first,last', 1), SOON).toEqual({ first: 'Ann', last: ' Low' })
    expect(await see(1, 'name', 2)).toEqual({ name: 'Ann  Low' })
  } finally {
    await migrations.close()
  }
  const [{ id = '', token } = {}] = await migrationStatus(fixture.database)
  await runMigration(fixture.database, id, { until: 'done', now: true, token: token ?? '', hooks })
  expect(await see(2, 'name', 2)).toEqual({ name: 'Cy Roe' })
  expect((await acme.get('/people?select=first', at(2))).status).toBe(400)
})

test('is taken back with what older clients have seen', async () => {
  const { acme } = fixture.tenants
  await acme.post('/people', { n: 1, first: 'Ann', last: 'Lee' })
  await migrate(fixture.database, AFTER, { run: { hooks } })
  await acme.patch('/people?n=eq.1', { last: 'Low' }, at(1))
  const [{ id = '' } = {}] = await migrationStatus(fixture.database)
  await rollbackMigration(fixture.database, id)
  expect((await acme.get('/people?select=first,last')).rows).toEqual([{ first: 'Ann', last: 'Low' }])
})

test('a document whose hook nobody has given is refused before anything is done', async () => {
  await fixture.tenants.acme.post('/people', { n: 1, first: 'Ann', last: 'Lee' })
  const columns = `select count(*)::text from information_schema.columns where table_name = 'people'`
  const before = await fixture.ownerQuery(columns)
  await expect(migrate(fixture.database, AFTER)).rejects.toMatchObject({
    code: 'MIGRATION_HOOK_UNKNOWN',
    status: 409,
    message: expect.stringContaining('merge_name'),
    hint: expect.stringContaining('--migration-hooks'),
  })
  expect(await migrationStatus(fixture.database)).toEqual([])
  expect(await fixture.ownerQuery("select 1 from backsaas.versions where state = 'preparing'")).toEqual([])
  expect(await fixture.ownerQuery(columns)).toEqual(before)
})

test('one that was asked for waits for a migrator that has the hook, with nothing done', async () => {
  await fixture.tenants.acme.post('/people', { n: 1, first: 'Ann', last: 'Lee' })
  await migrate(fixture.database, AFTER, { run: { hooks, signal: AbortSignal.abort() } })
  await fixture.ownerQuery(`update backsaas.migrations set wanted = 'live'`)
  const without = await startMigrations(fixture.database, { intervalMs: 100, observe: () => {} })
  const status = async () => (await migrationStatus(fixture.database))[0]
  try {
    await expect.poll(async () => (await status())?.problem?.code, SOON).toBe('MIGRATION_HOOK_UNKNOWN')
    expect(await status()).toMatchObject({ state: 'waiting', phase: 'expand', step: { number: 1 } })
    const tries = 'select lease_epoch::text from backsaas.migrations'
    const [tried] = await fixture.ownerQuery(tries)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await fixture.ownerQuery(tries)).toEqual([tried])
    const having = await startMigrations(fixture.database, { intervalMs: 100, hooks })
    try {
      await expect.poll(async () => (await status())?.phase, SOON).toBe('live')
    } finally {
      await having.close()
    }
  } finally {
    await without.close()
  }
  expect(await status()).toMatchObject({ problem: null })
  expect(await see(1, 'name', 2)).toEqual({ name: 'Ann Lee' })
})
