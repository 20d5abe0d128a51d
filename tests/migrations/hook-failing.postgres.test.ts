/** Hooks that fail or hang while both versions serve: it is told, nobody else waits for them, and it is over when they work. */
import { defineMigrationHook, type Migrations, migrate, runMigration, startMigrations } from '@backsaas/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { A_MOMENT, AFTER, ask, at, BEFORE, SOON, see, splitName, statusOf } from './split-name.ts'

const OTHER = 'schema: other\nentities:\n  things:\n    fields:\n      n: { type: integer }\n'

let fixture: Fixture
let migrations: Migrations | undefined
beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE, OTHER], connections: 10 })
  await fixture.tenants.acme.add('people', [
    { n: 1, name: 'Ann Low' },
    { n: 2, name: 'Bo Ray' },
    { n: 3, name: 'Cy Roe' },
  ])
})
afterEach(async () => {
  await migrations?.close()
  migrations = undefined
  await fixture.close()
})

const problem = async () => (await statusOf(fixture))?.problem ?? null
const rename = async (n: number, name: string) =>
  expect((await fixture.tenants.acme.patch(`/people?n=eq.${n}`, { name }, at(1))).status).toBe(204)

test('rows that it fails for are told, counted and shown; others are passed on; corrected, it is over', async () => {
  await migrate(fixture.database, AFTER, { run: { hooks: [splitName] } })
  const told: string[] = []
  migrations = await startMigrations(fixture.database, {
    hooks: [splitName],
    observe: (one) => told.push(one.kind === 'error' ? `${one.code} ${one.error}` : one.kind),
  })
  await rename(1, 'fails')
  await expect.poll(problem, A_MOMENT).toMatchObject({
    code: 'HOOK_FAILED',
    count: 1,
    samples: [{ tenant_id: fixture.tenants.acme.id, entity: 'people', reason: 'no name' }],
  })
  expect((await statusOf(fixture))?.state).toBe('waiting')
  // As the registry shows it: rows of a tenant that is not the schema's owner are counted, and no more.
  const shown = `select problem::json ->> 'count', problem::json ->> 'samples'
    from backsaas_00000000000070008000000000000003.migrations where problem is not null`
  expect(await fixture.ownerQuery(shown)).toEqual([['1', '[]']])
  await rename(2, 'Di Poe')
  await expect.poll(() => see(fixture, 2, 2), A_MOMENT).toEqual({ first: 'Di', last: 'Poe' })
  await rename(3, 'fails')
  await expect.poll(async () => (await problem())?.count, A_MOMENT).toBe(2)
  expect(told).toEqual([expect.stringContaining('HOOK_FAILED')])
  await rename(1, 'Ed Orr')
  await expect.poll(async () => (await problem())?.count, A_MOMENT).toBe(1)
  expect((await fixture.tenants.acme.delete('/people?n=eq.3', at(1))).status).toBe(204)
  // Rows that have failed are asked for again now and then.
  await expect.poll(problem, SOON).toBe(null)
  expect((await statusOf(fixture))?.state).toBe('ready')
  expect(await see(fixture, 1, 2)).toEqual({ first: 'Ed', last: 'Orr' })
})

test('no older version is retired while one of its rows fails', async () => {
  await migrate(fixture.database, AFTER, { run: { hooks: [splitName] } })
  migrations = await startMigrations(fixture.database, { hooks: [splitName], observe: () => undefined })
  await ask(fixture, 'done')
  await expect.poll(async () => (await problem())?.code, SOON).toBe('DRAINING')
  await rename(1, 'fails')
  await expect.poll(async () => (await problem())?.code, A_MOMENT).toBe('HOOK_FAILED')
  await fixture.ownerQuery('update backsaas.migrations set hurried = true')
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  expect(await problem()).toMatchObject({ code: 'HOOK_FAILED', count: 1 })
  await rename(1, 'Ed Orr')
  await expect.poll(async () => (await statusOf(fixture))?.phase, SOON).toBe('done')
  expect(await see(fixture, 1, 2)).toEqual({ first: 'Ed', last: 'Orr' })
})

test('what an older version alone would miss keeps it from no end', async () => {
  await migrate(fixture.database, AFTER, { run: { hooks: [splitName] } })
  migrations = await startMigrations(fixture.database, { hooks: [splitName], observe: () => undefined })
  expect((await fixture.tenants.acme.patch('/people?n=eq.1', { first: 'fails' }, at(2))).status).toBe(204)
  await expect.poll(problem, A_MOMENT).toMatchObject({ code: 'HOOK_FAILED', samples: [{ reason: 'no first name' }] })
  await ask(fixture, 'done', true)
  await expect.poll(async () => (await statusOf(fixture))?.phase, SOON).toBe('done')
  expect(await see(fixture, 1, 2)).toEqual({ first: 'fails', last: 'Low' })
})

/** Waits for an answer that never comes. */
function hang(): Promise<never> {
  asked++
  return new Promise(() => undefined)
}
let asked = 0
beforeEach(() => {
  asked = 0
})

test('one that hangs keeps no other migration, no way back of its own, and no migrator that is to end', async () => {
  const hanging = defineMigrationHook({
    ...splitName,
    timeoutMs: 600_000,
    up: (row, call) => (row.name === 'hangs' ? hang() : splitName.up(row, call)),
  })
  await migrate(fixture.database, AFTER, { run: { hooks: [hanging] } })
  await migrate(fixture.database, OTHER.replace('type: integer', 'type: string'), {
    run: { signal: AbortSignal.abort() },
  })
  const of = async (schema: string) =>
    (await fixture.ownerQuery(`select phase from backsaas.migrations where schema_name = '${schema}'`))[0]?.[0]
  const want = (schema: string, wanted: string) =>
    fixture.ownerQuery(`update backsaas.migrations set wanted = '${wanted}' where schema_name = '${schema}'`)
  migrations = await startMigrations(fixture.database, { hooks: [hanging], intervalMs: 200 })
  await rename(1, 'hangs')
  await expect.poll(() => asked, SOON).toBe(1)
  await want('other', 'live')
  await expect.poll(() => of('other'), SOON).toBe('live')
  await want('crm', 'rolled_back')
  await expect.poll(() => of('crm'), SOON).toBe('rolled_back')
  expect((await fixture.tenants.acme.get('/people?n=eq.1&select=name')).rows).toEqual([{ name: 'hangs' }])
})

test('a migrator that is to end does not wait for it', async () => {
  const hanging = defineMigrationHook({ ...splitName, timeoutMs: 600_000, up: hang })
  await migrate(fixture.database, AFTER, { run: { hooks: [splitName] } })
  const ending = await startMigrations(fixture.database, { hooks: [hanging] })
  await rename(1, 'Ed Orr')
  await expect.poll(() => asked, SOON).toBe(1)
  const startedAtMs = Date.now()
  await ending.close()
  expect(Date.now() - startedAtMs).toBeLessThan(2_000)
})

test('it has failed for a row where it takes longer than it may', async () => {
  const signals: AbortSignal[] = []
  const hanging = defineMigrationHook({
    ...splitName,
    timeoutMs: 200,
    up(_, { signal }) {
      signals.push(signal)
      return hang()
    },
  })
  const refused = await migrate(fixture.database, AFTER, { run: { hooks: [hanging] } }).catch((error: unknown) => error)
  const reason = 'split_name did not answer within 200 ms'
  expect(refused).toMatchObject({
    code: 'MIGRATION_BLOCKED',
    details: { code: 'HOOK_FAILED', count: 3, samples: [{ reason }, { reason }, { reason }] },
  })
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true])
  const { id = '' } = (await statusOf(fixture)) ?? {}
  await runMigration(fixture.database, id, { hooks: [splitName] })
  expect(await see(fixture, 1, 2)).toEqual({ first: 'Ann', last: 'Low' })
})

test('of a table full of rows that it hangs for only a few are asked for', async () => {
  const hanging = defineMigrationHook({ ...splitName, timeoutMs: 100, up: hang })
  await fixture.tenants.acme.add(
    'people',
    Array.from({ length: 50 }, (_, i) => ({ n: 10 + i, name: `a b${i}` })),
  )
  await expect(migrate(fixture.database, AFTER, { run: { hooks: [hanging] } })).rejects.toMatchObject({
    details: { code: 'HOOK_FAILED' },
  })
  expect(asked).toBeLessThan(10)
})
