/** What is begun over several databases and left: it is gone on with, and nothing is done against it meanwhile. */
import {
  createStore,
  createTenant,
  installSchema,
  listDeliveries,
  migrate,
  rollbackMigration,
  runMigration,
  startWorker,
  suspendTenant,
} from '@backsaas/migrator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startFleet, type TestFleet } from './start-fleet.ts'

const V1 = `schema: crm
entities:
  people:
    fields:
      price: { type: integer }
`
const V2 = `schema: crm
entities:
  people:
    fields:
      price: { type: decimal, precision: 12, scale: 2, convert: { up: "decimal(price)", down: "int(price)" } }
`
const V3 = `${V1}      note: { type: string }\n`
const LONG = { timeout: 30_000, interval: 50 }

let platform: TestFleet
beforeAll(async () => {
  platform = await startFleet()
  await createStore(platform.fleet, { name: 'eu-1', database: 'eu' })
  await migrate(platform.home, V1)
}, 60_000)
afterAll(() => platform.close())

const fence = async (tenant: string): Promise<string | null | undefined> =>
  (await platform.query(platform.eu, `select state from backsaas.fence_tenants where tenant_id = '${tenant}'`))[0]?.[0]
const tenantId = async (slug: string): Promise<string> =>
  String(
    (
      await platform.query(platform.home, `select id from ${await platform.table('tenants')} where slug = '${slug}'`)
    )[0]?.[0],
  )

test('a tenant that a job makes in another database is known there, though nobody chose its id', async () => {
  const worker = await startWorker(platform.fleet, { intervalMs: 50 })
  const jobs = await platform.table('jobs')
  await platform.query(
    platform.home,
    `insert into ${jobs} (tenant_id, id, kind, input, status, attempts, lease_epoch, created_at)
     select '00000000-0000-7000-8000-000000000001', gen_random_uuid(), 'provision_tenant',
            '{"slug":"job-made","schemas":["crm"],"store":"eu-1"}', 'queued', 0, 0, now()`,
  )
  worker.kick()
  const status = async () => (await platform.query(platform.home, `select status, problem::text from ${jobs}`))[0]
  await expect.poll(status, LONG).toEqual(['succeeded', null])
  await worker.close()
  expect(await fence(await tenantId('job-made'))).toBe('live')
})

test('a tenant that was suspended meanwhile is suspended where it is installed next', async () => {
  await createTenant(platform.fleet, { slug: 'halted' })
  await suspendTenant(platform.fleet, 'halted')
  await installSchema(platform.fleet, { tenant: 'halted', schema: 'crm', store: 'eu-1' })
  expect(await fence(await tenantId('halted'))).toBe('suspended')
})

test('a way back that was left in the middle is gone on with, and neither the way forth nor a new version is taken', async () => {
  await platform.work()
  await migrate(platform.home, V2)
  const state = async () => (await listDeliveries(platform.home, 'crm'))[0]?.state
  await expect.poll(state, LONG).toBe('live')
  await platform.stopWork()
  const [row] = await platform.query(platform.home, 'select id::text from backsaas.migrations where not follows')
  const id = String(row?.[0])
  // Nobody is there to take it back in eu, and whoever asked goes away.
  const leaving = new AbortController()
  const left = rollbackMigration(platform.home, id, { signal: leaving.signal })
  await expect.poll(state, LONG).toBe('returning')
  leaving.abort()
  await left
  await expect(runMigration(platform.home, id, { until: 'done', now: true })).rejects.toMatchObject({
    code: 'STORES_RETURN',
  })
  await expect(migrate(platform.home, V3)).rejects.toMatchObject({ code: 'STORES_RETURN' })
  await platform.work()
  await expect.poll(state, LONG).toBe('rolled_back')
  for (const database of [platform.home, platform.eu]) {
    const live = await platform.query(
      database,
      `select distinct v.version::text from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
       where p.schema_name = 'crm' and v.state = 'live'`,
    )
    expect(live).toEqual([['1']])
  }
}, 60_000)
