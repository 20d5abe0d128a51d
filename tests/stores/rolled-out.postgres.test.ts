/** A breaking version comes to the tenants of many stores, from delivery to contract, while clients write all the time. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '@backsaas/core'
import {
  createStore,
  createTenant,
  listDeliveries,
  listRollouts,
  migrate,
  migrationStatus,
  runMigration,
  startDeliveries,
  startRollouts,
  steerRollout,
} from '@backsaas/migrator'
import type { Runtime } from '@backsaas/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Clients, ORDERS, startClients } from './clients.ts'
import { serveFleet } from './serve-fleet.ts'
import { startFleet, type TestFleet } from './start-fleet.ts'

const TENANTS = 60
const STORES = [
  { name: 'big' },
  { name: 'eu-1', database: 'eu' },
  { name: 'eu-2', database: 'eu' },
  { name: 'eu-3', database: 'eu' },
  { name: 'own', kind: 'dedicated' as const },
]
const LONG = { timeout: 30_000, interval: 50 }

const slugs = Array.from({ length: TENANTS }, (_, i) => `shop-${i}`)
let platform: TestFleet
let runtime: Runtime
let clients: Clients
beforeAll(async () => {
  platform = await startFleet()
  for (const store of STORES) await createStore(platform.fleet, store)
  await migrate(platform.home, ORDERS.before)
  for (const [i, slug] of slugs.entries()) {
    const pooled = [undefined, 'big', 'eu-1', 'eu-2', 'eu-3'][i % 5]
    const store = i === 0 ? 'own' : pooled
    await createTenant(platform.fleet, { slug, schemas: ['shop'], ...(store && { store }) })
  }
  runtime = await serveFleet(platform)
  clients = startClients(runtime, slugs, { clients: 4, pauseMs: 5 })
  await platform.work()
}, 120_000)
afterAll(async () => {
  await clients?.stop()
  await runtime?.close()
  await platform?.close()
})

/** Waits until clients have been answered so often, and sees that nothing failed. */
async function answered(count: number): Promise<void> {
  let sum = 0
  const more = (): number => {
    for (const [status, often] of Object.entries(clients.taken().statuses)) {
      expect(['200', '201', '204'], `status ${status}`).toContain(status)
      sum += often
    }
    return sum
  }
  await expect.poll(more, LONG).toBeGreaterThan(count)
}

/** How many installs have each version, by store. */
async function stores(): Promise<unknown> {
  const [rollout] = await listRollouts(platform.home, 'shop')
  return rollout?.stores
}

const state = async (): Promise<string> => {
  const [delivery] = await listDeliveries(platform.home, 'shop')
  return `${delivery?.state}: ${delivery?.stores.map(({ store, version }) => `${store} ${version}`).join(', ')}`
}
const ALL = 'big 2, eu-1 2, eu-2 2, eu-3 2, own 2'

/** The database, and how often it was opened. */
function watch(database: Database): { readonly watched: Database; times(): number } {
  let count = 0
  const open: Database['open'] = (...given) => {
    count++
    return database.open(...given)
  }
  return { watched: { ...database, open }, times: () => count }
}

test('a version that is held back comes to every store', async () => {
  await answered(100)
  await migrate(platform.home, ORDERS.breaking, { hold: true })
  await expect.poll(state, LONG).toBe(`live: ${ALL}`)
  await answered(100)
}, 60_000)

test('stores that wait for the contract of the default one are left alone', async () => {
  await platform.stopWork()
  const [home, eu] = [watch(platform.home), watch(platform.eu)]
  const deliveries = await startDeliveries({ home: home.watched, named: { eu: eu.watched } }, { intervalMs: 50 })
  const looksAtHomeAlone = async (): Promise<boolean> => {
    const [atHome, there] = [home.times(), eu.times()]
    await delay(2000)
    // Some looks, of which each opens it thrice.
    return home.times() > atHome + 9 && there > 0 && eu.times() === there
  }
  await expect.poll(looksAtHomeAlone, LONG).toBe(true).finally(deliveries.close)
  await platform.work()
}, 60_000)

test('installs move in all of them', async () => {
  const rollouts = await startRollouts(platform.home, { intervalMs: 50 })
  const started = await steerRollout(platform.home, 'start_rollout', {
    schema: 'shop',
    waves: [10, 50, 100],
    bake: '300ms',
    gates: { p95_ratio: 100, on_silence: 'continue' },
  })
  // It was held back, in whichever database.
  expect([started.moved, started.total]).toEqual([0, TENANTS])
  const rollout = async () => (await listRollouts(platform.home, 'shop'))[0]?.state
  await expect.poll(rollout, LONG).toBe('done')
  await rollouts.close()
  expect(await stores()).toEqual(
    [
      ['big', 12],
      ['default', 11],
      ['eu-1', 12],
      ['eu-2', 12],
      ['eu-3', 12],
      ['own', 1],
    ].map(([store, count]) => ({ store, moved: count, total: count, pinned: 0 })),
  )
  await answered(100)
}, 60_000)

test('what is before it is taken away in all of them; nothing has failed, and nothing is lost', async () => {
  const [lead] = await migrationStatus(platform.home, { schema: 'shop' })
  // The other stores follow in the same hurry.
  await runMigration(platform.home, String(lead?.id), {
    until: 'done',
    now: true,
    ...(lead?.token && { token: lead.token }),
  })
  await expect.poll(state, LONG).toBe(`done: ${ALL}`)
  await answered(100)
  await clients.stop()
  const { rows, wrong } = await clients.check()
  expect(wrong).toEqual([])
  expect(rows).toBeGreaterThan(150)
}, 60_000)

test('one tenant more of a store asks nothing of its database but to let the tenant in', async () => {
  const { home, fleet } = platform
  const { watched, times } = watch(platform.eu)
  await createTenant({ home, named: { eu: watched } }, { slug: 'one-more', schemas: ['shop'], store: 'eu-1' })
  expect(times()).toBe(1)
  const orders = runtime.for({ tenant: 'one-more', id: 'client', roles: ['admin'] }).from('orders')
  expect((await orders.insert({ title: 'first', amount: 1 })).status).toBe(201)
  // Given the wrong database, it is told so before anything is written there.
  const before = await platform.query(home, 'select count(*)::text from backsaas.fence_tenants')
  await expect(
    createTenant({ ...fleet, named: { eu: home } }, { slug: 'mistaken', schemas: ['shop'], store: 'eu-1' }),
  ).rejects.toMatchObject({ code: 'DATABASE_TAKEN' })
  expect(await platform.query(home, 'select count(*)::text from backsaas.fence_tenants')).toEqual(before)
})
