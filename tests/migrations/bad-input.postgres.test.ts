/** What goes wrong with a migration: each is a clear state that says what to do next, and can be gone on with. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import type { Database } from '@backsaas/core'
import { dropParkedTable, migrate, migrationStatus, parkedTables, planSchema, runMigration } from '@backsaas/migrator'
import connect from 'postgres'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, SCOPE, startFixture } from '../fixture/start-fixture.ts'
import { withMutant } from './mutants.ts'

const BEFORE = `schema: crm
entities:
  people:
    fields:
      n: { type: integer, required: true, unique: true }
      age: { type: string, max: 20 }
  notes:
    fields:
      text: { type: string }
`
const AFTER = BEFORE.replace('age: { type: string, max: 20 }', 'age: { type: integer, min: 0, max: 150 }')

let fixture: Fixture
beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
  const { acme } = fixture.tenants
  await acme.add('people', [
    { n: 1, age: '30' },
    { n: 2, age: 'old' },
    { n: 3, age: '200' },
    { n: 4, age: null },
  ])
})
afterEach(() => fixture.close())

async function status() {
  const [first] = await migrationStatus(fixture.database, { schema: 'crm' })
  return first
}

const SOON = { timeout: 20_000, interval: 300 }
const requested = { run: { signal: AbortSignal.abort() } }

test('rows that cannot be converted are counted and shown beforehand, block, and are corrected by clients', async () => {
  const { blockers } = await planSchema(fixture.database, AFTER)
  expect(blockers).toMatchObject([{ code: 'NOT_CONVERTIBLE', count: 2 }])
  expect(JSON.stringify(blockers[0]?.samples)).toContain('reason')
  await expect(migrate(fixture.database, AFTER)).rejects.toMatchObject({
    code: 'MIGRATION_BLOCKED',
    details: { code: 'ROWS_QUARANTINED', count: 2 },
  })
  expect(await status()).toMatchObject({ state: 'blocked', problem: { code: 'ROWS_QUARANTINED', count: 2 } })
  const { acme } = fixture.tenants
  expect((await acme.patch('/people?n=gt.1&age=not.is.null', { age: '40' })).status).toBe(204)
  await migrate(fixture.database, AFTER)
  const { rows } = await acme.get('/people?select=age&order=n', { 'schema-version': '2' })
  expect(rows).toEqual([{ age: 30 }, { age: 40 }, { age: 40 }, { age: null }])
})

test('a document that has changed meanwhile is refused until the open migration is over', async () => {
  await migrate(fixture.database, AFTER, requested)
  const other = AFTER.replace('max: 150', 'max: 300')
  const refused = { code: 'MIGRATION_OPEN', status: 409, hint: expect.stringContaining('rollback') }
  await expect(migrate(fixture.database, other)).rejects.toMatchObject(refused)
  expect(await status()).toMatchObject({ phase: 'expand', toVersion: 2 })
})

test('a database that takes no writes is told as such, from the beginning or in the middle, and nothing is half done', async () => {
  await fixture.tenants.acme.patch('/people?n=in.(2,3)', { age: '40' })
  await migrate(fixture.database, AFTER, requested)
  const { id = '' } = (await status()) ?? {}
  const refused = { code: 'DATABASE_READ_ONLY', status: 503, hint: expect.stringContaining('primary') }
  await takeWrites(false)
  const fresh = postgres(fixture.url ?? '')
  try {
    await expect(runMigration(fresh, id)).rejects.toMatchObject(refused)
    expect(await status()).toMatchObject({ state: 'ready', step: { number: 1 } })
    expect((await fixture.tenants.acme.get('/people?select=n')).rows.length).toBe(4)
    await takeWrites(true)
    const health = async (): Promise<null> => {
      await takeWrites(false)
      return null
    }
    await expect(runMigration(fresh, id, { health, leaseMs: 1000 })).rejects.toMatchObject(refused)
    await takeWrites(true)
    const stopped = await status()
    expect(stopped?.step.number).toBeGreaterThan(1)
    expect(stopped?.phase).toBe('backfill')
    // Its lease ends by itself: it could not be given back.
    await expect
      .poll(
        () =>
          runMigration(fresh, id).then(
            ({ phase }) => phase,
            ({ code }) => code,
          ),
        SOON,
      )
      .toBe('live')
  } finally {
    await fresh.close?.()
  }
  const { rows } = await fixture.tenants.acme.get('/people?select=n,age&order=n', { 'schema-version': '2' })
  expect(rows.length).toBe(4)
})

test('a full disk in the middle of a step leaves it undone, and says what to do', async () => {
  await migrate(fixture.database, BEFORE.replace('max: 20', 'max: 10'), requested)
  const { id = '' } = (await status()) ?? {}
  const full = withMutant(fixture.database, {
    rewrite: (text) => (text.includes('validate constraint') ? raise('53100') : text),
  })
  await expect(runMigration(full, id)).rejects.toMatchObject({
    code: 'DATABASE_FULL',
    hint: expect.stringContaining('room'),
  })
  expect(await status()).toMatchObject({ state: 'failed', problem: { code: expect.any(String) } })
  await runMigration(fixture.database, id)
  expect(await status()).toMatchObject({ phase: 'live' })
})

test('a transaction that has used the table for long is named, waited for, and not waited behind', async () => {
  await migrate(fixture.database, BEFORE.replace('max: 20', 'max: 10'), requested)
  const { id = '' } = (await status()) ?? {}
  const impatient = withMutant(fixture.database, {
    rewrite: (text) => text.replace(`interval '30 seconds'`, `interval '0.3 seconds'`),
  })
  const release = await hold(fixture.database)
  const running = runMigration(impatient, id)
  await expect.poll(async () => (await status())?.problem?.code, { timeout: 15_000 }).toBe('LONG_TRANSACTION')
  expect(await status()).toMatchObject({ state: 'waiting', problem: { hint: expect.stringContaining('terminate') } })
  expect((await fixture.tenants.acme.post('/people', { n: 9, age: '1' })).status).toBe(201)
  await release()
  await running
  expect(await status()).toMatchObject({ phase: 'live', problem: null })
})

test('a table that was put aside is dropped by its name alone', async () => {
  await fixture.tenants.acme.post('/notes', { text: 'x' })
  await migrate(fixture.database, `removed: [notes]\n${BEFORE.slice(0, BEFORE.indexOf('  notes:'))}`)
  const { id = '', token } = (await status()) ?? {}
  await runMigration(fixture.database, id, { until: 'done', now: true, token: token ?? '' })
  const [parked] = await parkedTables(fixture.database)
  expect(parked).toMatchObject({ schema: 'crm', entity: 'notes' })
  await expect(dropParkedTable(fixture.database, 'backsaas.versions')).rejects.toMatchObject({ code: 'PARKED_UNKNOWN' })
  await dropParkedTable(fixture.database, parked?.name ?? '')
  expect(await parkedTables(fixture.database)).toEqual([])
  expect(await fixture.ownerQuery(`select to_regclass('${parked?.name}')`)).toEqual([[null]])
})

/** As of a primary that has become a replica: for sessions that begin from now on, and those there are end. */
async function takeWrites(does: boolean): Promise<void> {
  const admin = connect(fixture.url ?? '', { max: 1, onnotice: () => {} })
  try {
    await admin.unsafe('set default_transaction_read_only = off')
    const name = new URL(fixture.url ?? '').pathname.slice(1)
    await admin.unsafe(`alter database "${name}" set default_transaction_read_only = ${does ? 'off' : 'on'}`)
    await admin.unsafe(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
  } finally {
    await admin.end()
  }
}

function raise(state: string): string {
  return `do $$ begin raise exception 'as if' using errcode = '${state}'; end $$`
}

/** A transaction of somebody's that has read the table and stays. */
async function hold(database: Database): Promise<() => Promise<void>> {
  let end = (): void => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  let began = (): void => {}
  const beginning = new Promise<void>((resolve) => {
    began = resolve
  })
  const text = 'select count(*) from "backsaas_00000000000070008000000000000004".people'
  const held = database.open(SCOPE, 'owner').transaction?.(async (transaction) => {
    await transaction.batch([{ text, params: [], prepare: false }])
    began()
    await ended
  })
  await beginning
  await new Promise((resolve) => setTimeout(resolve, 400))
  return async () => {
    end()
    await held
  }
}
