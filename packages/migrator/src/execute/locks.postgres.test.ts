/** A schema change on tables in use: it waits briefly, tries again, and holds nobody up. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPostgres, type Rows, SCOPE, type TestDatabase } from '../../test/open-databases.ts'
import { shop } from '../../test/schemas.ts'
import { migrate } from '../index.ts'
import { convergePlacement } from './converge-placement.ts'

let db: TestDatabase
const contacts = '"backsaas_00000000000070008000000000000004"."contacts"'

beforeEach(async () => {
  db = await openPostgres()
  await migrate(db.database, shop())
})
afterEach(() => db.close())

/** Holds a lock as any long transaction would, and answers what ends it. */
async function hold(mode: string): Promise<() => Promise<void>> {
  let release = (): void => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  let held = (): void => {}
  const holding = new Promise<void>((resolve) => {
    held = resolve
  })
  const done = db.database.open(SCOPE, 'owner').transaction?.(async (connection) => {
    await connection.batch([{ text: `lock table ${contacts} in ${mode} mode`, params: [], prepare: false }])
    held()
    await released
  })
  await holding
  return async () => {
    release()
    await done
  }
}

test('a reader in a long transaction delays it, and readers that come meanwhile are not queued behind it', async () => {
  const release = await hold('access share')
  let finished = false
  const migrating = migrate(db.database, shop('      phone: { type: string, max: 5 }')).then((result) => {
    finished = true
    return result
  })
  const waitsMs: number[] = []
  for (let i = 0; i < 30; i++) {
    const startedAtMs = performance.now()
    await db.as('migrator', `select count(*) from ${contacts}`)
    waitsMs.push(performance.now() - startedAtMs)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(finished).toBe(false)
  expect(Math.max(...waitsMs)).toBeLessThan(250)
  await release()
  expect(await migrating).toMatchObject({ version: 2, created: true })
})

test('an index on a table with rows is built while writers write', async () => {
  const release = await hold('row exclusive')
  const next = shop().replace('[[status, created_at]]', '[[status, created_at], [age]]')
  const migrating = migrate(db.database, next)
  await new Promise((resolve) => setTimeout(resolve, 300))
  const id = `'018f0000-0000-7000-8000-000000000001'`
  const insert = `insert into ${contacts} (tenant_id, id, email) values (${id}, ${id}, 'e') returning 1`
  expect(await db.as('migrator', insert)).toHaveLength(1)
  await release()
  await migrating
  const [row] = await db.sql(
    `select i.indisvalid::text from pg_index i where i.indexrelid::regclass::text like '%contacts_age_index%'`,
  )
  expect(row).toEqual(['true'])
})

test('an index whose build broke off is built anew by the next run', async () => {
  const next = shop().replace('[[status, created_at]]', '[[status, created_at], [age]]')
  await migrate(db.database, next)
  await db.sql(`update pg_index set indisvalid = false where indexrelid::regclass::text like '%contacts_age_index%'`)
  expect(await migrate(db.database, next)).toMatchObject({ created: false })
  const rows = await db.sql(
    `select i.indisvalid::text from pg_index i where i.indexrelid::regclass::text like '%contacts_age_index%'`,
  )
  expect(rows).toEqual([['true']])
})

test('an index that two processes find missing is built once, and both find it there', async () => {
  const next = shop().replace('[[status, created_at]]', '[[status, created_at], [age]]')
  await migrate(db.database, next)
  const [[placementId] = []] = await db.sql(`select id::text from backsaas.placements where schema_name = 'shop'`)
  const indexes = (): Promise<Rows> =>
    db.sql(`select c.relname::text, i.indisvalid::text, c.oid::text from pg_index i join pg_class c on c.oid = i.indexrelid
            where i.indrelid = '${contacts}'::regclass and c.relname like 'contacts_age_index%'`)
  const [other, third] = [postgres(db.url), postgres(db.url)]
  const all = [db.database, other, third]
  // So that none is late by opening its connections.
  for (const one of all) {
    await convergePlacement(one, String(placementId))
    await one.open(SCOPE, 'migrator').script?.([{ text: 'select 1', params: [], prepare: false }])
  }
  await db.sql(`drop index ${contacts.replace('"contacts"', '"contacts_age_index"')}`)
  // A writer's transaction: who builds waits for it, so that the others come while it is built.
  const release = await hold('row exclusive')
  const building = all.map((one) => convergePlacement(one, String(placementId)))
  await expect.poll(indexes).toMatchObject([['contacts_age_index', 'false', expect.anything()]])
  const [[, , oid] = []] = await indexes()
  const stopped = convergePlacement(third, String(placementId), AbortSignal.timeout(500))
  await expect(stopped).rejects.toMatchObject({ code: 'MIGRATION_STOPPED' })
  await new Promise((resolve) => setTimeout(resolve, 2000))
  await release()
  await Promise.all(building)
  await Promise.all([other.close?.(), third.close?.()])
  expect(await indexes()).toEqual([['contacts_age_index', 'true', oid]])
})

test('rows that somebody has written past a check are told, and are not an internal error', async () => {
  const [check] = await db.sql(
    `select conname::text, pg_get_constraintdef(oid) from pg_constraint where contype = 'c' and conrelid = '${contacts}'::regclass and conname like '%age%'`,
  )
  await db.sql(`alter table ${contacts} drop constraint "${check?.[0]}"`)
  const id = `'018f0000-0000-7000-8000-000000000001'`
  await db.as('migrator', `insert into ${contacts} (tenant_id, id, email, age) values (${id}, ${id}, 'e', -1)`)
  await db.sql(`alter table ${contacts} add constraint "${check?.[0]}" ${check?.[1]} not valid`)
  await expect(migrate(db.database, shop())).rejects.toMatchObject({
    code: 'ROWS_UNFITTING',
    status: 409,
    message: expect.stringContaining(String(check?.[0])),
    hint: expect.stringContaining('correct these rows'),
  })
})
