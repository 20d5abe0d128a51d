/** Clients of both versions write one row before a hook has passed anything on: each write is there in the end, in the order in which they came. */
import { migrate, rollbackMigration, runMigration } from '@backsaas/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { AFTER, at, BEFORE, see, splitName, statusOf } from './split-name.ts'

const hooks = [splitName]
type Write = readonly [version: 1 | 2, change: Readonly<Record<string, string>>]
const OLD = (name: string): Write => [1, { name }]
const NEW = (change: Readonly<Record<string, string>>): Write => [2, change]

let fixture: Fixture
beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
  await fixture.tenants.acme.add('people', [{ n: 1, name: 'Ann Lee' }])
  await migrate(fixture.database, AFTER, { run: { hooks } })
})
afterEach(() => fixture.close())

test.each([
  ['the newer last, one field', [OLD('Cy Roe'), NEW({ last: 'Low' })], 'Cy Low'],
  ['the newer last, another field', [OLD('Cy Roe'), NEW({ first: 'Di' })], 'Di Roe'],
  ['the newer last, all fields', [OLD('Cy Roe'), NEW({ first: 'Di', last: 'Poe' })], 'Di Poe'],
  ['the newer twice', [OLD('Cy Roe'), NEW({ last: 'Low' }), NEW({ first: 'Di' })], 'Di Low'],
  ['the older last', [NEW({ last: 'Low' }), OLD('Cy Roe')], 'Cy Roe'],
  ['the older last, and again', [NEW({ last: 'Low' }), OLD('Cy Roe'), OLD('Di Poe')], 'Di Poe'],
  ['in turns', [OLD('Cy Roe'), NEW({ last: 'Low' }), OLD('Di Poe')], 'Di Poe'],
  ['in turns, the newer first', [NEW({ first: 'Bo' }), OLD('Cy Roe'), NEW({ last: 'Low' })], 'Cy Low'],
] as const)('%s', async (_, writes, name) => {
  const { acme } = fixture.tenants
  for (const [version, change] of writes) {
    expect((await acme.patch('/people?n=eq.1', change, at(version))).status).toBe(204)
  }
  const { id = '', token } = (await statusOf(fixture)) ?? {}
  const [first, last] = name.split(' ')
  await runMigration(fixture.database, id, { until: 'done', now: true, token: token ?? '', hooks })
  expect(await see(fixture, 1, 2)).toEqual({ first, last })
  expect(await fixture.ownerQuery('select 1 from backsaas.migration_keys')).toEqual([])
})

test.each([
  ['the newer last', [OLD('Cy Roe'), NEW({ last: 'Low' })], 'Cy Low'],
  ['the older last', [NEW({ last: 'Low' }), OLD('Cy Roe')], 'Cy Roe'],
] as const)('taken back, %s', async (_, writes, name) => {
  const { acme } = fixture.tenants
  for (const [version, change] of writes) {
    expect((await acme.patch('/people?n=eq.1', change, at(version))).status).toBe(204)
  }
  await rollbackMigration(fixture.database, (await statusOf(fixture))?.id ?? '', { hooks })
  expect(await see(fixture, 1, 1)).toEqual({ name })
})
