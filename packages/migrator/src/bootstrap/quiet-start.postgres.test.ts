/** A start where nothing is to be done waits for no reader and no writer, and none waits for it. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPostgres, SCOPE, type TestDatabase } from '../../test/open-databases.ts'
import { bootstrap, migrate } from '../index.ts'

let db: TestDatabase
beforeEach(async () => {
  db = await openPostgres()
  await bootstrap(db.database)
  await migrate(db.database, 'schema: crm\nentities:\n  people:\n    fields:\n      name: { type: string }\n')
})
afterEach(() => db.close())

const OURS = `select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname like 'backsaas%' and c.relkind = 'r'`

test('with every table in use by a transaction that reads and writes', async () => {
  const tables = (await db.sql(OURS)).map(([name]) => name)
  expect(tables.length).toBeGreaterThan(20)
  const held = Promise.withResolvers<void>()
  const done = Promise.withResolvers<void>()
  const holding = db.database.open(SCOPE, 'owner').transaction?.(async (transaction) => {
    const text = `lock table ${tables.join(', ')} in row exclusive mode`
    await transaction.batch([{ text, params: [], prepare: false }])
    held.resolve()
    await done.promise
  })
  await held.promise
  const starting = bootstrap(db.database).then(() => 'started')
  const waiting = await Promise.race([starting, waitsFor()])
  done.resolve()
  await holding
  await starting
  expect(waiting).toBe('started')
})

/** What somebody waits for, once somebody has for a second. */
async function waitsFor(): Promise<string> {
  const waits = `select relation::regclass || ' ' || mode from pg_locks where not granted and locktype = 'relation'
    and waitstart < clock_timestamp() - interval '1 second' and database = (select oid from pg_database where datname = current_database())`
  for (let looks = 0; looks < 100; looks++) {
    const [[found] = []] = await db.sql(waits)
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return 'nothing, and does not end'
}

test('columns and indexes that are missing are added', async () => {
  await db.sql('alter table backsaas.migrations drop column hurried')
  await db.sql('drop index backsaas.backsaas_changes_xid')
  await bootstrap(db.database)
  expect(await db.sql('select hurried from backsaas.migrations')).toEqual([])
  expect(await db.sql(`select to_regclass('backsaas.backsaas_changes_xid') is not null`)).toEqual([['t']])
})

test('an index that an older release made goes: it let no version be published over a migration that waits', async () => {
  await db.sql('create unique index migrations_under_way on backsaas.migrations (placement_id)')
  await bootstrap(db.database)
  const left = `select indexrelid::regclass::text from pg_index where indrelid = 'backsaas.migrations'::regclass and indisunique order by 1`
  expect(await db.sql(left)).toEqual([['backsaas.migrations_on_their_way'], ['backsaas.migrations_pkey']])
})
