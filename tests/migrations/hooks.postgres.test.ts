/** A split by a hook in TypeScript: rows there are, what both versions write while they serve, rows that it fails for. */
import { migrate, migrationStatus, rollbackMigration, runMigration, startMigrations } from '@backsaas/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { AFTER, at, BEFORE, SOON, splitName } from './split-name.ts'

const hooks = [splitName]

let fixture: Fixture
beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
})
afterEach(() => fixture.close())

test('converts rows there are, and what either version writes while both serve', async () => {
  const { acme } = fixture.tenants
  for (let n = 1; n <= 30; n++) await acme.post('/people', { n, name: `a${n} b c` })
  await migrate(fixture.database, AFTER, { run: { hooks } })
  const see = async (n: number, select: string, version: number): Promise<unknown> =>
    (await acme.get(`/people?n=eq.${n}&select=${select}`, at(version))).rows[0]
  expect(await see(7, 'first,last', 2)).toEqual({ first: 'a7', last: 'b c' })
  const migrations = await startMigrations(fixture.database, { hooks })
  expect((await acme.patch('/people?n=eq.7', { name: 'Ann Lee' }, at(1))).status).toBe(204)
  expect((await acme.post('/people', { n: 31, first: 'Bo', last: 'Ray' }, at(2))).status).toBe(201)
  await expect.poll(() => see(7, 'first,last', 2), SOON).toEqual({ first: 'Ann', last: 'Lee' })
  await expect.poll(() => see(31, 'name', 1), SOON).toEqual({ name: 'Bo Ray' })
  expect((await acme.patch('/people?n=eq.7', { last: 'Low' }, at(2))).status).toBe(204)
  await expect.poll(() => see(7, 'name', 1), SOON).toEqual({ name: 'Ann Low' })
  expect((await acme.patch('/people?n=eq.7', { other: 'x' }, at(1))).status).toBe(204)
  expect(await see(7, 'first,last', 2)).toEqual({ first: 'Ann', last: 'Low' })
  await migrations.close()
  // Written after the migrator process had gone: the contract works it off.
  expect((await acme.patch('/people?n=eq.8', { name: 'Cy Roe' }, at(1))).status).toBe(204)
  const [status] = await migrationStatus(fixture.database)
  const { id = '', token } = status ?? {}
  await expect(
    runMigration(fixture.database, id, { until: 'done', now: true, token: token ?? '' }),
  ).rejects.toMatchObject({
    code: 'MIGRATION_HOOK_UNKNOWN',
  })
  await runMigration(fixture.database, id, { until: 'done', now: true, token: token ?? '', hooks })
  expect(await see(8, 'first,last', 2)).toEqual({ first: 'Cy', last: 'Roe' })
  expect(await fixture.ownerQuery('select 1 from backsaas.migration_keys')).toEqual([])
})

test('rows that it fails for stand in the way, by name; it can be taken back or gone on with', async () => {
  const { acme } = fixture.tenants
  await acme.post('/people', { n: 1, name: 'Ann Lee' })
  await acme.post('/people', { n: 2, name: 'fails' })
  const refused = await migrate(fixture.database, AFTER, { run: { hooks } }).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'MIGRATION_BLOCKED', details: { code: 'HOOK_FAILED', count: 1 } })
  expect(JSON.stringify(refused)).not.toContain('undefined')
  const [status] = await migrationStatus(fixture.database)
  await rollbackMigration(fixture.database, status?.id ?? '')
  expect((await acme.get('/people?select=name&order=n')).rows).toEqual([{ name: 'Ann Lee' }, { name: 'fails' }])
  await migrate(fixture.database, AFTER, { run: { hooks } }).catch(() => undefined)
  expect((await acme.patch('/people?n=eq.2', { name: 'Bo Ray' })).status).toBe(204)
  await migrate(fixture.database, AFTER, { run: { hooks } })
  expect((await acme.get('/people?select=first&order=n', at(3))).rows).toEqual([{ first: 'Ann' }, { first: 'Bo' }])
})
