/** Newer clients may have written what the older version does not allow: a way back that rows are in the way of loses none, and says which. */
import { type Migrations, migrate, migrationStatus, rollbackMigration, startMigrations } from '@backsaas/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'

const document = (nick: string, kinds: string, more: string): string => `
schema: crm
entities:
  people:
    fields:
      n: { type: integer, required: true, unique: true }
      nick: { type: string, max: ${nick} }
      kind: { type: enum, values: [${kinds}] }
      ${more}`
const BEFORE = document('5', 'open, closed', 'age: { type: integer }')
const AFTER = document('20', 'open, closed, waiting', 'age: { type: string, max: 20 }')
const NEW = { 'schema-version': '2' }
const SOON = { timeout: 15_000 }

let fixture: Fixture
let migrations: Migrations | undefined
beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
  const rows = [1, 2, 3].map((n) => ({ n, nick: `n${n}`, kind: 'open' }))
  await fixture.tenants.acme.add('people', rows)
  await migrate(fixture.database, AFTER)
})
afterEach(async () => {
  await migrations?.close()
  migrations = undefined
  await fixture.close()
})

const standing = async () => (await migrationStatus(fixture.database))[0]
const back = async (signal?: AbortSignal) =>
  rollbackMigration(fixture.database, (await standing())?.id ?? '', { ...(signal && { signal }) })
const unproven = () => fixture.ownerQuery('select conname::text from pg_constraint where not convalidated')

test('it is refused before anything is done, with the rows; whoever has the newer version corrects them', async () => {
  const { acme } = fixture.tenants
  expect((await acme.patch('/people?n=eq.1', { nick: 'longer than five' }, NEW)).status).toBe(204)
  expect((await acme.patch('/people?n=eq.2', { kind: 'waiting' }, NEW)).status).toBe(204)
  await expect(back()).rejects.toMatchObject({
    code: 'ROLLBACK_BLOCKED',
    status: 409,
    message: expect.stringContaining('nick, kind'),
    details: {
      code: 'OUT_OF_BOUNDS',
      count: 2,
      samples: expect.arrayContaining([expect.objectContaining({ nick: 'longer than five' })]),
    },
  })
  expect(await standing()).toMatchObject({ phase: 'live', state: 'ready', problem: null })
  expect((await acme.patch('/people?n=eq.1', { nick: 'short' }, NEW)).status).toBe(204)
  expect((await acme.patch('/people?n=eq.2', { kind: 'closed' }, NEW)).status).toBe(204)
  expect(await back()).toMatchObject({ phase: 'rolled_back' })
  expect((await acme.patch('/people?n=eq.1', { kind: 'closed' })).status).toBe(204)
  expect((await acme.patch('/people?n=eq.1', { nick: 'longer than five' })).status).toBe(400)
  expect(await unproven()).toEqual([])
  expect(await migrate(fixture.database, BEFORE)).toMatchObject({ created: false })
})

test('what was on its way when it turned back waits for somebody, and older clients write other fields of it', async () => {
  const { acme } = fixture.tenants
  const turning = new AbortController()
  const id = (await standing())?.id ?? ''
  await rollbackMigration(fixture.database, id, {
    signal: turning.signal,
    progress: ({ phase }) => phase === 'rollback' && turning.abort(),
  })
  expect(await standing()).toMatchObject({ phase: 'rollback' })
  // As a transaction of the newer version would that had entered before.
  const [people] = await fixture.ownerQuery(
    `select format('%I.%I', schemaname, tablename) from pg_tables where tablename like '%people%'`,
  )
  await fixture.ownerQuery(`update ${people?.[0]} set nick = 'longer than five' where n = 3`)
  await expect(back()).rejects.toMatchObject({ code: 'ROLLBACK_BLOCKED', details: { count: 1 } })
  expect(await standing()).toMatchObject({
    phase: 'rollback',
    state: 'blocked',
    problem: { code: 'OUT_OF_BOUNDS', count: 1, samples: [expect.objectContaining({ nick: 'longer than five' })] },
  })
  expect((await acme.patch('/people?n=eq.3', { kind: 'closed' })).status).toBe(204)

  migrations = await startMigrations(fixture.database, { intervalMs: 100, recheckMs: 200 })
  await fixture.ownerQuery(`update backsaas.migrations set wanted = 'rolled_back'`)
  await new Promise((resolve) => setTimeout(resolve, 600))
  expect(await standing()).toMatchObject({ phase: 'rollback', state: 'blocked' })
  expect((await acme.patch('/people?n=eq.3', { nick: 'short' })).status).toBe(204)
  await expect.poll(async () => (await standing())?.phase, SOON).toBe('rolled_back')
  await expect.poll(unproven, SOON).toEqual([])
})

test('where nobody has written such rows, the bounds that are back are proven', async () => {
  expect(await back()).toMatchObject({ phase: 'rolled_back' })
  expect(await unproven()).toEqual([])
})
