/** What rows stand in the way of goes on by itself once they are corrected, and tells nothing anew as long as they are not. */
import { defineMigrationHook, type Migrations, migrate, migrationStatus, startMigrations } from '@backsaas/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'

const ENTITY = 'schema: crm\nentities:\n  people:\n'
const fields = (text: string): string =>
  `${ENTITY}    fields:\n      n: { type: integer, required: true, unique: true }\n      ${text}\n`
const BEFORE = fields('text: { type: string, max: 20 }')
const hooks = [
  defineMigrationHook({
    name: 'read_text',
    up({ text }) {
      if (text === 'bad') throw new Error('no word')
      return { word: text ?? null }
    },
  }),
]
const SOON = { timeout: 15_000 }

let fixture: Fixture
let migrations: Migrations
beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
  await fixture.tenants.acme.add('people', [
    { n: 1, text: 'bad' },
    { n: 2, text: 'bad' },
    { n: 3, text: '7' },
  ])
  migrations = await startMigrations(fixture.database, { intervalMs: 100, recheckMs: 200, hooks })
})
afterEach(async () => {
  await migrations.close()
  await fixture.close()
})

const status = async () => (await migrationStatus(fixture.database))[0]
const epoch = () => fixture.ownerQuery('select lease_epoch::text from backsaas.migrations')

test.each([
  ['rows that cannot be converted', fields('text: { type: integer }'), 'ROWS_QUARANTINED', ['9', '10']],
  ['values that must be unique', fields('text: { type: string, max: 20, unique: true }'), 'DUPLICATES', ['a', 'b']],
  ['bounds', fields('text: { type: string, max: 2 }'), 'OUT_OF_BOUNDS', ['a', 'b']],
  [
    'what a hook fails for',
    fields('text: { type: string, max: 20 }\n      word: { type: string, convert: { hook: read_text } }'),
    'HOOK_FAILED',
    ['a', 'b'],
  ],
])('%s', async (_, after, code, corrected) => {
  const { acme } = fixture.tenants
  await migrate(fixture.database, after, { run: { hooks, signal: AbortSignal.abort() } })
  await fixture.ownerQuery(`update backsaas.migrations set wanted = 'live'`)
  await expect.poll(async () => (await status())?.state, SOON).toBe('blocked')
  expect((await status())?.problem?.code).toBe(code)
  const begun = await epoch()
  expect((await acme.patch('/people?n=eq.1', { text: corrected[0] })).status).toBe(204)
  if (code === 'DUPLICATES') {
    await acme.patch('/people?n=eq.3', { text: 'bad' })
  }
  await new Promise((resolve) => setTimeout(resolve, 1000))
  // Nobody has run it again: one row still stands in the way.
  expect([await epoch(), (await status())?.state]).toEqual([begun, 'blocked'])
  expect((await acme.patch('/people?n=eq.2', { text: corrected[1] })).status).toBe(204)
  await expect.poll(async () => (await status())?.phase, SOON).toBe('live')
  expect(await status()).toMatchObject({ problem: null })
})

test('rows that are deleted stand in nobody’s way', async () => {
  await migrate(fixture.database, fields('text: { type: integer }'), { run: { signal: AbortSignal.abort() } })
  await fixture.ownerQuery(`update backsaas.migrations set wanted = 'live'`)
  await expect.poll(async () => (await status())?.state, SOON).toBe('blocked')
  expect((await fixture.tenants.acme.send('DELETE', '/people?n=lt.3')).status).toBe(204)
  await expect.poll(async () => (await status())?.phase, SOON).toBe('live')
})

test('one that nobody has asked the process for is left alone', async () => {
  await migrate(fixture.database, fields('text: { type: integer }')).catch(() => undefined)
  await fixture.tenants.acme.send('DELETE', '/people?n=lt.3')
  await new Promise((resolve) => setTimeout(resolve, 1000))
  expect(await status()).toMatchObject({ state: 'blocked' })
})
