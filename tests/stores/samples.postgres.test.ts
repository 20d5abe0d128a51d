/** Who shares a schema sees of rows in its way how many they are, and their own alone: in whichever store they are, and however it is told. */
import {
  createKey,
  createStore,
  createTenant,
  pinInstall,
  type StoreStanding,
  startWorker,
  type Worker,
} from '@backsaas/migrator'
import type { Runtime } from '@backsaas/runtime'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createCaller } from '../fixture/caller.ts'
import { type RegistryCaller, registryCaller } from '../registry/start-registry.ts'
import { serveFleet } from './serve-fleet.ts'
import { startFleet, type TestFleet } from './start-fleet.ts'

const shop = (fields: string): string => `schema: shop\nentities:\n  orders:\n    fields:\n${fields}`
const V1 = shop('      title: { type: string }\n      amount: { type: integer }\n')
const BOUNDED = shop('      title: { type: string }\n      amount: { type: integer, max: 5 }\n')
const CONVERTED = shop(
  '      title: { type: integer, convert: { up: "int(title)", down: "string(title)" } }\n      amount: { type: integer }\n',
)
const UNIQUE = V1.replace('title: { type: string }', 'title: { type: string, unique: true }')
const COMPUTED = `${V1}      n: { type: integer, computed: "int(title)", stored: true }\n`
const SECRET = 'victims-secret'
/** Its form is that of a number. */
const CARD = '40128888888818810004711'
const LONG = { timeout: 30_000, interval: 50 }

let platform: TestFleet
let runtime: Runtime
let worker: Worker
beforeEach(async () => {
  platform = await startFleet()
  await createStore(platform.fleet, { name: 'one' })
  await createStore(platform.fleet, { name: 'eu-1', database: 'eu' })
  runtime = await serveFleet(platform)
  worker = await startWorker(platform.fleet, { intervalMs: 50 })
  await platform.work()
}, 120_000)
afterEach(async () => {
  await worker?.close()
  await runtime?.close()
  await platform?.close()
})

async function tenant(slug: string, store?: string): Promise<RegistryCaller> {
  const { id } = await createTenant(platform.fleet, { slug, ...(store && { store }) })
  const { key } = await createKey(platform.home, { tenant: slug, name: 'tests', roles: ['admin'] })
  const send = (path: string, init?: RequestInit) => runtime.fetch(new Request(`http://localhost${path}`, init))
  return registryCaller(createCaller({ slug, id, key, send }))
}

/** One tenant's schema, which another one has in a store. */
async function shared(store?: string, owners?: string) {
  const [acme, victim] = [await tenant('acme', owners), await tenant('victim', store)]
  expect((await acme.rpc('publish_schema', { source: V1 })).status).toBeLessThan(300)
  await acme.send('PATCH', '/schemas?name=eq.shop', { shared: true })
  expect((await victim.rpc('install_schema', { schema: 'acme/shop' })).status).toBe(201)
  await expect.poll(async () => (await victim.tenant.get('/orders')).status, LONG).toBe(200)
  return { acme, victim }
}

/** All that a tenant finds in the registry. */
async function allOf(caller: RegistryCaller): Promise<string> {
  const paths = ['/deliveries', '/migrations', '/events?limit=1000', '/jobs', '/rollouts', '/audit_log']
  const answers = await Promise.all(paths.map((path) => caller.get(path)))
  expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 200))
  return answers.map(({ text }) => text).join('\n')
}

async function standing(acme: RegistryCaller, store: string): Promise<StoreStanding | undefined> {
  const [row] = (await acme.get('/deliveries?order=version.desc&limit=1')).rows
  return (row?.stores as readonly StoreStanding[] | undefined)?.find((one) => one.store === store)
}

describe.each(['one', 'eu-1'])('rows that stand in the way in %s', (store) => {
  test.each([
    ['a bound', BOUNDED, 'OUT_OF_BOUNDS', { title: SECRET, amount: 1881004711 }],
    ['a conversion', CONVERTED, 'ROWS_QUARANTINED', { title: SECRET, amount: 1881004711 }],
    ['a unique field', UNIQUE, 'DUPLICATES', { title: SECRET, amount: 1881004711 }],
  ])(
    'of %s are counted to the owner of the schema, and not shown',
    async (_, source, code, row) => {
      const { acme, victim } = await shared(store)
      for (let n = 0; n < 2; n++) expect((await victim.tenant.post('/orders', row)).status).toBe(201)
      expect((await acme.rpc('publish_schema', { source })).status).toBeLessThan(300)
      await expect.poll(async () => (await standing(acme, store))?.state, LONG).toBe('failed')
      const { problem } = (await standing(acme, store)) ?? {}
      expect(problem).toMatchObject({ code, count: code === 'DUPLICATES' ? 1 : 2, samples: [] })
      const found = await allOf(acme)
      expect(found).toContain(code)
      for (const secret of [SECRET, '1881004711', victim.tenant.id]) expect(found).not.toContain(secret)
    },
    90_000,
  )

  test('are shown to the owner where they are its own', async () => {
    const { acme, victim } = await shared(store, store)
    await expect
      .poll(async () => (await acme.tenant.post('/orders', { title: 'own', amount: 7 })).status, LONG)
      .toBe(201)
    expect((await victim.tenant.post('/orders', { title: SECRET, amount: 1881004711 })).status).toBe(201)
    expect((await acme.rpc('publish_schema', { source: BOUNDED })).status).toBeLessThan(300)
    await expect.poll(async () => (await standing(acme, store))?.state, LONG).toBe('failed')
    expect((await standing(acme, store))?.problem).toMatchObject({
      count: 2,
      samples: [{ tenant_id: acme.tenant.id, amount: 7 }],
    })
    expect(await allOf(acme)).not.toContain('1881004711')
  }, 90_000)
})

test('who has an older version pinned in a store is said to the owner, who waits for them', async () => {
  const { acme } = await shared('one')
  await pinInstall(platform.home, { tenant: 'victim', profile: 'shop', version: 1, until: '30d', reason: 'an audit' })
  const { row } = await acme.rpc('publish_schema', { source: BOUNDED })
  await expect.poll(async () => (await standing(acme, 'one'))?.state, LONG).toBe('live')
  const { token } = (await acme.get(`/migrations?id=eq.${row.migration_id}`)).rows[0] ?? {}
  expect(
    (await acme.rpc('continue_migration', { schema: 'shop', contract: true, now: true, confirm: token })).status,
  ).toBeLessThan(300)
  await expect
    .poll(async () => (await standing(acme, 'one'))?.problem, LONG)
    .toMatchObject({ code: 'INSTALLS_PINNED', count: 1, samples: [{ tenant: 'victim', reason: 'an audit' }] })
}, 90_000)

test.each([undefined, 'one', 'eu-1'])(
  'a value that a computed field fails for is not told (store %s)',
  async (store) => {
    const { acme, victim } = await shared(store)
    expect((await victim.tenant.post('/orders', { title: CARD })).status).toBe(201)
    const answer = await acme.rpc('publish_schema', { source: COMPUTED })
    if (store === undefined) expect([answer.status, answer.row.code]).toEqual([409, 'FILL_FAILED'])
    else {
      expect(answer.status).toBeLessThan(300)
      await expect.poll(async () => (await standing(acme, store))?.state, LONG).toBe('failed')
    }
    expect(`${answer.text} ${await allOf(acme)}`).not.toContain(CARD)
  },
  90_000,
)
