/** What is asked for over HTTP of schemas in several stores. */
import {
  createKey,
  createStore,
  createTenant,
  listDeliveries,
  migrate,
  startMigrations,
  startWorker,
  type Worker,
} from '@backsaas/migrator'
import type { Runtime } from '@backsaas/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createCaller } from '../fixture/caller.ts'
import { type RegistryCaller, registryCaller } from '../registry/start-registry.ts'
import { serveFleet } from './serve-fleet.ts'
import { startFleet, type TestFleet } from './start-fleet.ts'

const V1 = 'schema: crm\nentities:\n  people:\n    fields:\n      code: { type: string }\n'
/** Not every text is a number. */
const V2 = V1.replace('string }', 'integer, convert: { up: "int(code)", down: "string(code)" } }')
const LONG = { timeout: 20_000, interval: 50 }

let platform: TestFleet
let runtime: Runtime
let worker: Worker

beforeEach(async () => {
  platform = await startFleet()
  await createStore(platform.fleet, { name: 'eu-1', database: 'eu' })
  runtime = await serveFleet(platform)
  worker = await startWorker(platform.fleet, { intervalMs: 50 })
}, 120_000)
afterEach(async () => {
  await worker?.close()
  await runtime?.close()
  await platform?.close()
})

async function callerOf(slug: string): Promise<RegistryCaller> {
  const { key } = await createKey(platform.home, { tenant: slug, name: 'tests', roles: ['admin'] })
  const send = (path: string, init?: RequestInit) => runtime.fetch(new Request(`http://localhost${path}`, init))
  return registryCaller(createCaller({ slug, id: '', key, send }))
}
async function delivery(): Promise<string> {
  const [row] = await listDeliveries(platform.home, 'crm')
  return `${row?.state}: ${row?.stores.map(({ store, state }) => `${store} ${state}`).join(', ')}`
}

test('continue_migration has what failed in other stores tried again at once, whether or not the default one has something left', async () => {
  const { home, eu } = platform
  const system = await callerOf('system')
  const ask = (given: object = {}) => system.rpc('continue_migration', { schema: 'crm', ...given })
  await migrate(home, V1)
  const { id } = await createTenant(platform.fleet, { slug: 'anna', schemas: ['crm'], store: 'eu-1' })
  const [[table] = []] = await platform.query(
    eu,
    `select format('%I.%I', p.pg_schema, v.mapping::json -> 'entities' -> 'people' ->> 'table')
     from backsaas.placements p join backsaas.versions v on v.placement_id = p.id where p.schema_name = 'crm'`,
  )
  await platform.query(eu, `insert into ${table} (tenant_id, id, code) values ('${id}', gen_random_uuid(), 'many')`)
  await platform.work()
  await migrate(home, V2)
  await expect.poll(delivery, LONG).toBe('halted: eu-1 failed')
  await platform.query(eu, `update ${table} set code = '7'`)
  const [asked] = await platform.query(home, `select id::text, schema_id::text from backsaas.migrations`)
  const [migration_id, schema_id] = asked ?? []
  expect(await ask()).toMatchObject({
    status: 200,
    row: { migration_id, schema: 'crm', schema_id, from_version: 1, to_version: 2, phase: 'live', wanted: 'live' },
  })
  // Of itself it is looked at once a minute.
  await expect.poll(delivery, LONG).toBe('live: eu-1 live')

  await platform.stopWork()
  const [[token] = []] = await platform.query(home, 'select token from backsaas.migrations')
  expect(await ask({ contract: true, now: true, confirm: token })).toMatchObject({ status: 200 })
  const migrations = await startMigrations(home, { intervalMs: 100 })
  const phase = async () => (await platform.query(home, 'select phase from backsaas.migrations'))[0]?.[0]
  await expect.poll(phase, LONG).toBe('done')
  await migrations.close()
  expect(await ask()).toMatchObject({
    status: 200,
    row: { migration_id: null, schema: 'crm', schema_id, from_version: null, to_version: 2, phase: null },
  })
  await platform.work()
  await expect.poll(delivery, LONG).toBe('done: eu-1 done')
  expect(await ask()).toMatchObject({ status: 404, row: { code: 'MIGRATION_NONE' } })
}, 90_000)

test('an own schema that its store does not take: what is there is said, and the same document goes on from there', async () => {
  const { home, fleet } = platform
  for (const slug of ['emil', 'gina']) await createTenant(fleet, { slug, store: 'eu-1' })
  const [emil, gina] = [await callerOf('emil'), await callerOf('gina')]
  const publish = (caller: RegistryCaller) => caller.rpc('publish_schema', { source: V1 })
  const installs = async () =>
    (
      await platform.query(
        home,
        `select i.profile, p.database from ${await platform.table('installs')} i
         join backsaas.placements p on p.id = i.placement_id where i.schema_name = 'crm' order by 2`,
      )
    ).map((row) => row.join(' '))
  await worker.close()
  // It was given no other database.
  worker = await startWorker(home, { intervalMs: 50, attemptsMax: 2, observe: () => undefined })
  expect(await publish(emil)).toMatchObject({
    status: 503,
    row: {
      code: 'OWN_NOT_INSTALLED',
      message: expect.stringMatching(
        /^version 1 of crm is published, and not yet installed in the tenant's store "eu-1"/,
      ),
      hint: expect.stringContaining('publish the same document again'),
      details: { schema: 'crm', version: 1, store: 'eu-1', code: 'DATABASE_UNKNOWN' },
    },
  })
  expect(await installs()).toEqual([])
  await worker.close()
  worker = await startWorker(fleet, { intervalMs: 50 })
  expect(await publish(emil)).toMatchObject({ status: 200, row: { created: false, version: 1, profile: 'crm' } })
  expect(await installs()).toEqual(['crm eu'])
  // What stands in its way is for somebody to decide.
  const { id } = await createTenant(fleet, { slug: 'hans' })
  const stores = await platform.table('stores')
  await platform.query(home, `update ${stores} set kind = 'dedicated', dedicated_to = '${id}' where name = 'eu-1'`)
  expect(await publish(gina)).toMatchObject({
    status: 409,
    row: { code: 'OWN_NOT_INSTALLED', details: { version: 1, store: 'eu-1', code: 'STORE_DEDICATED' } },
  })
}, 90_000)
