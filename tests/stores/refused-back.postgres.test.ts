/** What a version is not taken back for in several stores: said when it is asked for, and in the status where it came between. */
import { setTimeout as delay } from 'node:timers/promises'
import {
  createKey,
  createStore,
  createTenant,
  listDeliveries,
  type Migrations,
  migrate,
  migrationStatus,
  pinInstall,
  runMigration,
  startMigrations,
  startWorker,
  unpinInstall,
  type Worker,
} from '@backsaas/migrator'
import type { Runtime } from '@backsaas/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createCaller } from '../fixture/caller.ts'
import { type RegistryCaller, registryCaller } from '../registry/start-registry.ts'
import { serveFleet } from './serve-fleet.ts'
import { startFleet, type TestFleet } from './start-fleet.ts'

const V1 = 'schema: crm\nentities:\n  people:\n    fields:\n      price: { type: integer }\n'
const V2 = V1.replace('integer }', 'decimal, convert: { up: "decimal(price)", down: "int(price)" } }')
const LONG = { timeout: 30_000, interval: 50 }

let platform: TestFleet
let runtime: Runtime
let worker: Worker
let system: RegistryCaller

/** Version 2 serves in every store beside version 1; each store has a tenant. */
beforeEach(async () => {
  platform = await startFleet()
  const { home, fleet } = platform
  await createStore(fleet, { name: 'big' })
  await createStore(fleet, { name: 'eu-1', database: 'eu' })
  await migrate(home, V1)
  await createTenant(fleet, { slug: 'here', schemas: ['crm'] })
  await createTenant(fleet, { slug: 'anna', schemas: ['crm'], store: 'big' })
  await createTenant(fleet, { slug: 'bert', schemas: ['crm'], store: 'eu-1' })
  runtime = await serveFleet(platform)
  worker = await startWorker(fleet, { intervalMs: 50 })
  const { key } = await createKey(home, { tenant: 'system', name: 'tests', roles: ['admin'] })
  const send = (path: string, init?: RequestInit) => runtime.fetch(new Request(`http://localhost${path}`, init))
  system = registryCaller(createCaller({ slug: 'system', id: '', key, send }))
}, 120_000)
afterEach(async () => {
  await worker?.close()
  await runtime?.close()
  await platform?.close()
})

const pin = (tenant: string, version: number) =>
  pinInstall(platform.home, { tenant, profile: 'crm', version, until: '30d', reason: 'an audit' })
const unpin = (tenant: string) => unpinInstall(platform.home, { tenant, profile: 'crm' })
async function publish(): Promise<void> {
  await platform.work()
  await migrate(platform.home, V2)
  await expect.poll(delivery, LONG).toBe('live: big live, eu-1 live')
}
async function delivery(): Promise<string> {
  const [row] = await listDeliveries(platform.home, 'crm')
  return `${row?.state}: ${row?.stores.map(({ store, state }) => `${store} ${state}`).join(', ')}`
}
const status = async () => (await migrationStatus(platform.home, { schema: 'crm' }))[0]
const ask = (kind: string, given: object = {}) => system.rpc(kind, { schema: 'crm', ...given })
async function live(): Promise<unknown> {
  const found = [platform.home, platform.eu].map((database) =>
    platform.query(
      database,
      `select distinct v.version::text from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
       where p.schema_name = 'crm' and v.state = 'live' order by 1`,
    ),
  )
  return (await Promise.all(found)).map((rows) => rows.map(([version]) => Number(version)))
}

async function aWhile(migrations: Migrations, work: () => Promise<unknown>): Promise<void> {
  await work()
  await migrations.close()
}

test('a pin in another store, when it is asked for; one that came between is in the status, by name', async () => {
  await publish()
  await pin('bert', 2)
  const refused = await ask('rollback_migration')
  expect([refused.status, refused.row]).toMatchObject([
    409,
    { code: 'INSTALLS_PINNED', hint: expect.stringContaining('backsaas unpin bert crm') },
  ])
  expect(await status()).toMatchObject({ phase: 'live', problem: null })
  await unpin('bert')
  await platform.stopWork()
  expect((await ask('rollback_migration')).status).toBe(200)
  await pin('bert', 2)
  await platform.work()
  await expect
    .poll(async () => (await status())?.problem, LONG)
    .toMatchObject({ code: 'INSTALLS_PINNED', message: expect.stringMatching(/bert .*an audit/), count: 1 })
  expect(await live()).toEqual([
    [1, 2],
    [1, 2],
  ])
  await unpin('bert')
  await expect.poll(delivery, LONG).toBe('rolled_back: big rolled_back, eu-1 rolled_back')
  expect(await live()).toEqual([[1], [1]])
}, 90_000)

test('a contract that was asked for and waits: it is taken back in every store', async () => {
  for (const tenant of ['here', 'anna', 'bert']) await pin(tenant, 1)
  await publish()
  const { token } = (await status()) ?? {}
  expect((await ask('continue_migration', { contract: true, now: true, confirm: token })).status).toBe(200)
  await expect.poll(status, LONG).toMatchObject({ phase: 'contract', problem: { code: 'INSTALLS_PINNED' } })
  expect((await ask('rollback_migration')).status).toBe(200)
  await expect.poll(delivery, LONG).toBe('rolled_back: big rolled_back, eu-1 rolled_back')
  await expect.poll(live, LONG).toEqual([[1], [1]])
}, 90_000)

test('a store that was told to contract does not end what is being taken back', async () => {
  await publish()
  await platform.stopWork()
  await ask('rollback_migration')
  await aWhile(await startMigrations(platform.home, { intervalMs: 50 }), async () => {
    await expect.poll(delivery, LONG).toMatch(/^returning/)
  })
  // By a deliverer that knew no better; nobody tells it otherwise in time.
  const { home, eu } = platform
  for (const database of [home, eu])
    await platform.query(
      database,
      `update backsaas.migrations set wanted = 'done', confirmed = token, hurried = true where follows`,
    )
  await aWhile(await startMigrations(eu, { intervalMs: 50, home }), () => delay(1500))
  await aWhile(await startMigrations(home, { intervalMs: 50 }), () => delay(1500))
  expect(await live()).toEqual([
    [1, 2],
    [1, 2],
  ])
  await platform.work()
  await expect.poll(delivery, LONG).toBe('rolled_back: big rolled_back, eu-1 rolled_back')
}, 90_000)

test('one that has ended in the default store, or has begun in another: it is too late in all', async () => {
  await publish()
  await platform.stopWork()
  const { id } = (await status()) ?? {}
  await platform.query(
    platform.home,
    `update backsaas.versions set state = 'retired' where version = 1 and placement_id in (
       select p.id from backsaas.placements p where p.schema_name = 'crm' and p.database = 'eu')`,
  )
  const late = await ask('rollback_migration')
  expect([late.status, late.row.code]).toEqual([409, 'ROLLBACK_TOO_LATE'])
  await pin('anna', 1)
  await platform.work()
  await runMigration(platform.home, String(id), { until: 'done', now: true })
  const over = await system.rpc('rollback_migration', { migration: id })
  expect([over.status, over.row.code]).toEqual([409, 'ROLLBACK_TOO_LATE'])
}, 90_000)
