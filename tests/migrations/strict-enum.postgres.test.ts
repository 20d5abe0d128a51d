/** What a document has to say of a `strict` enum that gets another value, and what older clients see where it says nothing. */
import { migrate, migrationStatus, planSchema, runMigration } from '@backsaas/migrator'
import { afterEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'

const of = (kind: string): string =>
  `schema: crm\nentities:\n  people:\n    fields:\n      n: { type: integer, unique: true }\n      kind: { type: enum, ${kind} }\n`
const TWO = 'values: [a, b], strict: true'
const THREE = 'values: [a, b, c], strict: true'
const at = (version: number): Record<string, string> => ({ 'schema-version': String(version) })

let fixture: Fixture
afterEach(() => fixture.close())
const begin = async (kind: string): Promise<void> => {
  fixture = await startFixture({ database: 'postgres', schemas: [of(kind)] })
}

test('a required one needs to say what older clients see', async () => {
  await begin(`${TWO}, required: true`)
  await expect(planSchema(fixture.database, of(`${THREE}, required: true`))).rejects.toMatchObject({
    code: 'MIGRATION_INCOMPLETE',
    errors: [expect.objectContaining({ code: 'CONVERSION_NEEDED', detail: expect.stringContaining('down') })],
  })
})

test('where nothing is required older clients see nothing, until their version ends', async () => {
  await begin(TWO)
  const { acme } = fixture.tenants
  await acme.add('people', [{ n: 1, kind: 'a' }])
  await migrate(fixture.database, of(THREE))
  expect((await acme.post('/people', { n: 2, kind: 'c' }, at(2))).status).toBe(201)
  expect((await acme.get('/people?select=kind&order=n', at(1))).rows).toEqual([{ kind: 'a' }, { kind: null }])
  const [{ id = '', token } = {}] = await migrationStatus(fixture.database)
  await runMigration(fixture.database, id, { until: 'done', now: true, token: token ?? '' })
  expect((await acme.get('/people?select=kind&order=n', at(2))).rows).toEqual([{ kind: 'a' }, { kind: 'c' }])
})

test('taking the promise back lets older versions end first', async () => {
  await begin(TWO)
  await migrate(fixture.database, of('values: [a, b]'))
  const [status] = await migrationStatus(fixture.database)
  expect(status).toMatchObject({ phase: 'live', token: null })
  await expect(migrate(fixture.database, of('values: [a, b, c]'))).rejects.toMatchObject({ code: 'MIGRATION_OPEN' })
  await runMigration(fixture.database, status?.id ?? '', { until: 'done', now: true })
  const third = await migrate(fixture.database, of('values: [a, b, c]'))
  expect(third).toMatchObject({ version: 3 })
  expect(third.migration).toBeUndefined()
})
