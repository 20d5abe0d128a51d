/** A new platform that breaks with the one before is migrated like any schema, under a system that works. */
import { PLATFORM_PLACEMENT_ID } from '@backsaas/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPostgres, type TestDatabase } from '../../test/open-databases.ts'
import { shop } from '../../test/schemas.ts'
import { migrationStatus } from '../execute/migration-status.ts'
import { rollbackMigration } from '../execute/rollback-migration.ts'
import { runMigration } from '../execute/run-migration.ts'
import { createKey, createTenant, listTenants, migrate } from '../index.ts'
import { readableNaming } from '../plan/names.ts'
import { installPlatform } from './install-platform.ts'
import { readPlatformFile } from './platform-file.ts'

let db: TestDatabase
beforeEach(async () => {
  db = await openPostgres()
  await migrate(db.database, shop())
})
afterEach(() => db.close())

/** Another type, another name and a value that must be there. */
async function nextPlatform(): Promise<string> {
  const text = await readPlatformFile()
  const next = text
    .replace(
      'plan: { type: string, max: 48 }',
      'plan: { type: string, max: 48, required: true, fill: free, default: free }',
    )
    .replace(
      'depth: { type: integer, required: true, default: 0 }',
      'depth: { type: decimal, required: true, default: 0 }',
    )
    .replace('description: { type: string, max: 500 }', 'note: { type: string, max: 500, renamed_from: description }')
  expect(next.match(/fill: free|type: decimal, required|renamed_from: description/g)).toHaveLength(3)
  return next
}

async function platformStatus() {
  const [status] = await migrationStatus(db.database, { schema: 'platform' })
  return status
}

test('both platforms serve, tenants come and go meanwhile, and the older one ends', async () => {
  const source = await nextPlatform()
  let n = 0
  let stopping = false
  const failures: unknown[] = []
  const working = (async (): Promise<void> => {
    while (!stopping) {
      const slug = `t${++n}`
      await createTenant(db.database, { slug, schemas: ['shop'] })
        .then(() => createKey(db.database, { tenant: slug, name: 'k' }))
        .catch((error: unknown) => failures.push(error))
    }
  })()
  const older = await platformVersion()
  try {
    await installPlatform(db.database, readableNaming, undefined, source)
    expect(await platformStatus()).toMatchObject({ phase: 'live', fromVersion: older, toVersion: older + 1 })
    // What is told of a migration is itself of the platform.
    await migrate(db.database, shop().replace('email: {', 'email: { max: 200,'), { run: {} })
    await runMigration(db.database, (await platformStatus())?.id ?? '', { until: 'done', now: true })
  } finally {
    stopping = true
    await working
  }
  expect(failures).toEqual([])
  expect(await platformStatus()).toMatchObject({ phase: 'done', state: 'ended' })
  const tenants = await listTenants(db.database)
  expect(tenants.length).toBeGreaterThan(n)
  const [plans] = await db
    .sql(
      `select count(*) filter (where plan = 'free')::text, count(*)::text from "backsaas_00000000000070008000000000000003".tenants`,
    )
    .catch(() =>
      db.sql(
        `select count(*)::text, count(*)::text from "backsaas_00000000000070008000000000000003".tenants where plan = 'free'`,
      ),
    )
  expect(plans?.[0]).toBe(plans?.[1])
  // Said again, it is nothing new.
  await installPlatform(db.database, readableNaming, undefined, source)
  expect(await platformVersion()).toBe(older + 1)
})

test('it can be taken back', async () => {
  const older = await platformVersion()
  await installPlatform(db.database, readableNaming, undefined, await nextPlatform())
  await rollbackMigration(db.database, (await platformStatus())?.id ?? '')
  expect(await platformVersion()).toBe(older)
  await createTenant(db.database, { slug: 'after', schemas: ['shop'] })
})

async function platformVersion(): Promise<number> {
  const [row] = await db.sql(
    `select max(version)::text from backsaas.versions where placement_id = '${PLATFORM_PLACEMENT_ID}' and state = 'live'`,
  )
  return Number(row?.[0])
}
