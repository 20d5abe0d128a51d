/** The way back of a migration with a hook: what newer clients wrote last is passed on before anything of it is dropped. */
import { migrate, rollbackMigration, startMigrations } from '@backsaas/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { connectAsRuntime } from './connect-as-runtime.ts'
import { AFTER, ask, at, BEFORE, SOON, see, splitName, statusOf } from './split-name.ts'

const hooks = [splitName]
const QUIET = { intervalMs: 100, observe: () => undefined }

let fixture: Fixture
beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
  const { acme } = fixture.tenants
  await acme.add('people', [
    { n: 1, name: 'Ann Low' },
    { n: 2, name: 'Bo Ray' },
  ])
  await migrate(fixture.database, AFTER, { run: { hooks } })
  expect((await acme.patch('/people?n=eq.1', { last: 'Lee' }, at(2))).status).toBe(204)
  expect((await acme.post('/people', { n: 3, first: 'Cy', last: 'Roe' }, at(2))).status).toBe(201)
  // What older clients wrote last is theirs already, whatever the hook says to it.
  expect((await acme.patch('/people?n=eq.2', { name: 'fails' }, at(1))).status).toBe(204)
})
afterEach(() => fixture.close())

const names = async () => (await fixture.tenants.acme.get('/people?select=n,name&order=n')).rows
const ALL = [
  { n: 1, name: 'Ann Lee' },
  { n: 2, name: 'fails' },
  { n: 3, name: 'Cy Roe' },
]

test('by hand', async () => {
  const { id = '' } = (await statusOf(fixture)) ?? {}
  await expect(rollbackMigration(fixture.database, id)).rejects.toMatchObject({ code: 'MIGRATION_HOOK_UNKNOWN' })
  // Nothing was done.
  expect((await statusOf(fixture))?.phase).toBe('live')
  expect(await see(fixture, 3, 2)).toEqual({ first: 'Cy', last: 'Roe' })
  await rollbackMigration(fixture.database, id, { hooks })
  expect(await names()).toEqual(ALL)
  expect(await fixture.ownerQuery('select 1 from backsaas.migration_keys')).toEqual([])
})

test('by the migrator process: it waits for one that has the hook', async () => {
  const without = await startMigrations(fixture.database, QUIET)
  try {
    await ask(fixture, 'rolled_back')
    const told = async () => (await statusOf(fixture))?.problem
    await expect.poll(told, SOON).toMatchObject({ code: 'MIGRATION_HOOK_UNKNOWN', hook: 'split_name' })
    expect((await statusOf(fixture))?.state).toBe('waiting')
    const having = await startMigrations(fixture.database, { ...QUIET, hooks })
    try {
      await expect.poll(async () => (await statusOf(fixture))?.phase, SOON).toBe('rolled_back')
    } finally {
      await having.close()
    }
  } finally {
    await without.close()
  }
  expect(await names()).toEqual(ALL)
})

test('rows that the way back fails for stand in its way until they are corrected', async () => {
  const { acme } = fixture.tenants
  expect((await acme.patch('/people?n=eq.3', { first: 'fails' }, at(2))).status).toBe(204)
  const { id = '' } = (await statusOf(fixture)) ?? {}
  await expect(rollbackMigration(fixture.database, id, { hooks })).rejects.toMatchObject({
    code: 'HOOK_FAILED',
    details: { count: 1, samples: [{ entity: 'people', reason: 'no first name' }] },
  })
  // Nothing was done.
  expect(await see(fixture, 3, 2)).toEqual({ first: 'fails', last: 'Roe' })
  expect((await statusOf(fixture))?.phase).toBe('live')
  expect((await acme.patch('/people?n=eq.3', { name: 'Cy Roe' }, at(1))).status).toBe(204)
  await rollbackMigration(fixture.database, id, { hooks })
  expect(await names()).toEqual(ALL)
})

test('what a transaction writes that was under way when the newer version was left', async () => {
  const { acme } = fixture.tenants
  const [place] = await fixture.ownerQuery(
    `select p.id::text, format('%I.%I', p.pg_schema, e ->> 'table'), e -> 'columns' ->> 'first', e -> 'columns' ->> 'n'
     from backsaas.versions v join backsaas.placements p on p.id = v.placement_id,
       lateral (select v.mapping::json -> 'entities' -> 'people' as e) m where p.schema_name = 'crm' and v.version = 2`,
  )
  const [placement, table, first, n] = place ?? []
  const client = await connectAsRuntime(fixture)
  const connection = await client.reserve()
  await connection.unsafe('begin')
  await connection.unsafe(`select backsaas.enter('${acme.id}', '${placement}', 2)`)
  const { id = '' } = (await statusOf(fixture)) ?? {}
  const back = rollbackMigration(fixture.database, id, { hooks })
  try {
    await expect.poll(async () => (await statusOf(fixture))?.phase, SOON).toBe('rollback')
    await connection.unsafe(`update ${table} set "${first}" = 'Di' where "${n}" = 1`)
    await connection.unsafe('commit')
  } finally {
    connection.release()
    await client.end({ timeout: 1 })
  }
  await back
  expect(await names()).toEqual([{ n: 1, name: 'Di Lee' }, ...ALL.slice(1)])
})
