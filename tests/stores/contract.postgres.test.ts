/** How stores come to their contract: after the default one, and with what was confirmed there. */
import { setTimeout as delay } from 'node:timers/promises'
import { DEFAULT_STORE_ID } from '@backsaas/core'
import {
  createKey,
  createStore,
  createTenant,
  listDeliveries,
  migrate,
  migrationStatus,
  pinInstall,
  runMigration,
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

const V1 =
  'schema: crm\nentities:\n  people:\n    fields:\n      price: { type: integer }\n      firm: { type: uuid }\n'
const FIRMS = '  firms:\n    fields:\n      name: { type: string }\n'
const V2 = V1.replace('integer }', 'decimal, convert: { up: "decimal(price)", down: "int(price)" } }')
/** Its contract loses data for good. */
const DROPPED = V2.replace('      firm: { type: uuid }\n', '    removed: { firm: {} }\n')
const WITH_FIRMS = V1 + FIRMS
const LINKED = WITH_FIRMS.replace('{ type: uuid }', '{ to: firms, as: at, orphans: delete }')
const LONG = { timeout: 30_000, interval: 50 }
const BOTH = [
  [1, 2],
  [1, 2],
]

let platform: TestFleet
let runtime: Runtime
let worker: Worker
let system: RegistryCaller

/** Each store has a tenant. */
beforeEach(async () => {
  platform = await startFleet()
  const { home, fleet } = platform
  await createStore(fleet, { name: 'big' })
  await createStore(fleet, { name: 'eu-1', database: 'eu' })
  runtime = await serveFleet(platform)
  worker = await startWorker(fleet, { intervalMs: 50 })
  const { key } = await createKey(home, { tenant: 'system', name: 'tests', roles: ['admin'] })
  const send = (path: string, init?: RequestInit) => runtime.fetch(new Request(`http://localhost${path}`, init))
  system = registryCaller(createCaller({ slug: 'system', id: '', key, send }))
  await platform.work()
}, 120_000)
afterEach(async () => {
  await worker?.close()
  await runtime?.close()
  await platform?.close()
})

async function placed(source: string): Promise<readonly string[]> {
  await migrate(platform.home, source)
  const ids: string[] = []
  for (const [slug, store] of [['here'], ['anna', 'big'], ['bert', 'eu-1']] as const) {
    const { id } = await createTenant(platform.fleet, { slug: String(slug), schemas: ['crm'], ...(store && { store }) })
    ids.push(id)
  }
  return ids
}

const pin = (tenant: string) =>
  pinInstall(platform.home, { tenant, profile: 'crm', version: 1, until: '30d', reason: 'an audit' })
const unpin = (tenant: string) => unpinInstall(platform.home, { tenant, profile: 'crm' })
const status = async () => (await migrationStatus(platform.home, { schema: 'crm' }))[0]
async function ask(kind: string, given: object = {}): Promise<number> {
  return (await system.rpc(kind, { schema: 'crm', ...given })).status
}
async function askContract(): Promise<void> {
  const { token } = (await status()) ?? {}
  expect(await ask('continue_migration', { contract: true, now: true, confirm: token })).toBe(200)
}
async function delivery(): Promise<string> {
  const [row] = await listDeliveries(platform.home, 'crm')
  return `${row?.state}: ${row?.stores.map(({ store, state }) => `${store} ${state}`).join(', ')}`
}
/** The versions that serve, of home's stores and of the other one's. */
async function live(): Promise<unknown> {
  const found = [platform.home, platform.eu].map((database) =>
    platform.query(
      database,
      `select distinct v.version::text from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
       where p.schema_name = 'crm' and p.database is null and v.state = 'live' order by 1`,
    ),
  )
  return (await Promise.all(found)).map((rows) => rows.map(([version]) => Number(version)))
}
async function wanted(): Promise<unknown> {
  const found = [platform.home, platform.eu].map((database) =>
    platform.query(database, `select wanted, phase from backsaas.migrations where follows`),
  )
  return (await Promise.all(found)).flat()
}

test('no store contracts while the default one waits; then each for itself', async () => {
  await placed(V1)
  await pin('here')
  await pin('bert')
  await migrate(platform.home, V2)
  await expect.poll(delivery, LONG).toBe('live: big live, eu-1 live')
  await askContract()
  await expect.poll(async () => (await status())?.problem?.code, LONG).toBe('INSTALLS_PINNED')
  await delay(2000)
  expect(await wanted()).toEqual([
    ['live', 'live'],
    ['live', 'live'],
  ])
  expect(await live()).toEqual(BOTH)
  await unpin('here')
  await expect.poll(delivery, LONG).toBe('live: big done, eu-1 live')
  expect(await live()).toEqual([[2], [1, 2]])
  await unpin('bert')
  await expect.poll(delivery, LONG).toBe('done: big done, eu-1 done')
  expect(await live()).toEqual([[2], [2]])
}, 90_000)

test('a contract that is not asked for any more is as none was, in every store', async () => {
  await placed(V1)
  await pin('here')
  await migrate(platform.home, DROPPED)
  await expect.poll(delivery, LONG).toBe('live: big live, eu-1 live')
  await askContract()
  await expect.poll(async () => (await status())?.phase, LONG).toBe('contract')
  expect(await ask('continue_migration')).toBe(200)
  const asBefore = { phase: 'live', state: 'ready', problem: null }
  await expect.poll(status, LONG).toMatchObject(asBefore)
  await unpin('here')
  await delay(2000)
  expect(await status()).toMatchObject(asBefore)
  expect([await live(), await wanted()]).toEqual([
    BOTH,
    [
      ['live', 'live'],
      ['live', 'live'],
    ],
  ])
  expect(await delivery()).toBe('live: big live, eu-1 live')
  await askContract()
  await expect.poll(delivery, LONG).toBe('done: big done, eu-1 done')
}, 90_000)

test('a contract that has begun goes to its end, whatever is asked then', async () => {
  await placed(V1)
  await migrate(platform.home, V2)
  await expect.poll(delivery, LONG).toBe('live: big live, eu-1 live')
  await platform.stopWork()
  const { id, token } = (await status()) ?? {}
  const at = `from backsaas.placements p where p.id = v.placement_id and p.schema_name = 'crm' and p.store_id = '${DEFAULT_STORE_ID}'`
  await platform.query(platform.home, `update backsaas.versions v set state = 'retired' ${at} and v.version = 1`)
  await platform.query(
    platform.home,
    `update backsaas.migrations set wanted = 'done', phase = 'contract', step_cursor = 'retired', hurried = true where id = '${id}'`,
  )
  expect(await ask('continue_migration', { now: true, confirm: token })).toBe(200)
  await platform.work()
  await expect.poll(delivery, LONG).toBe('done: big done, eu-1 done')
}, 90_000)

test('a schema that comes to a store while a contract waits can be taken back there too', async () => {
  await placed(V1)
  await pin('here')
  await migrate(platform.home, V2)
  await expect.poll(delivery, LONG).toBe('live: big live, eu-1 live')
  await askContract()
  await expect.poll(async () => (await status())?.problem?.code, LONG).toBe('INSTALLS_PINNED')
  await createStore(platform.fleet, { name: 'late' })
  await createTenant(platform.fleet, { slug: 'late', schemas: ['crm'], store: 'late' })
  await expect.poll(delivery, LONG).toBe('live: big live, eu-1 live, late live')
  expect(await ask('rollback_migration')).toBe(200)
  await expect.poll(delivery, LONG).toBe('rolled_back: big rolled_back, eu-1 rolled_back, late rolled_back')
  expect(await live()).toEqual([[1], [1]])
}, 90_000)

/** Of a store, the default one unless named. */
async function addRow(tenant: string | undefined, store: string): Promise<void> {
  const database = store === 'eu-1' ? platform.eu : platform.home
  const [row] = await platform.query(
    platform.home,
    `select format('%I.%I', p.pg_schema, v.mapping::json -> 'entities' -> 'people' ->> 'table')
     from backsaas.placements p join backsaas.versions v on v.placement_id = p.id
     join ${await platform.table('stores')} s on s.id = p.store_id where p.schema_name = 'crm' and s.name = '${store}' limit 1`,
  )
  await platform.query(
    database,
    `insert into ${row?.[0]} (tenant_id, id, firm) values ('${tenant}', gen_random_uuid(), gen_random_uuid())`,
  )
}

test('rows that are deleted before a version serves are confirmed once, for every store', async () => {
  const [here, anna, bert] = await placed(WITH_FIRMS)
  await addRow(here, 'default')
  await addRow(anna, 'big')
  await addRow(bert, 'eu-1')
  await expect(migrate(platform.home, LINKED)).rejects.toMatchObject({ code: 'TOKEN_NEEDED' })
  const open = await status()
  await delay(1000)
  expect(await delivery()).toBe('running: big pending, eu-1 pending')
  await runMigration(platform.home, String(open?.id), { token: String(open?.token) })
  await expect.poll(delivery, LONG).toBe('live: big live, eu-1 live')
}, 90_000)
