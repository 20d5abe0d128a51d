/** Events of tenants in another database: each comes to the registry's outbox once, has its position there, and is told like any. */
import type { Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { memory } from '@backsaas/adapters/buses/memory'
import { postgres } from '@backsaas/adapters/databases/postgres'
import type { Database, Event } from '@backsaas/core'
import { createStore, intoOutbox, migrate, type Relay, startRelay } from '@backsaas/migrator'
import type { Runtime } from '@backsaas/runtime'
import { createAdaptorServer } from '@hono/node-server'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTcpProxy } from '../../packages/adapters/test/tcp-proxy.ts'
import { validateEvent } from '../events/validate-event.ts'
import { killThere } from '../fixture/kill-when.ts'
import { openStream } from '../sse/open-stream.ts'
import { openShop, SHOP, type Shop, serveFleet } from './serve-fleet.ts'
import { startFleet, type TestFleet } from './start-fleet.ts'

const EVENTS = 'backsaas_00000000000070008000000000000003.events'
const RELAY = fileURLToPath(new URL('relay.ts', import.meta.url))
const QUICK = { leaseMs: 250, intervalMs: 20, observe: () => undefined } as const
const SOON = { timeout: 15_000, interval: 50 } as const

let platform: TestFleet
let runtime: Runtime
let server: Server
let origin: string
let anna: Shop
let carl: Shop
const bus = memory()
const heard: Event[] = []
let relays: Relay[] = []

beforeAll(async () => {
  platform = await startFleet()
  await createStore(platform.fleet, { name: 'eu-1', database: 'eu' })
  await migrate(platform.home, SHOP)
  runtime = await serveFleet(platform, { bus })
  anna = await openShop(platform, runtime, 'anna')
  carl = await openShop(platform, runtime, 'carl', 'eu-1')
  await bus.subscribe?.((event) => {
    heard.push(event)
  })
  server = createAdaptorServer({ fetch: runtime.fetch }) as Server // HTTP/1.1, as nothing else is asked for
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}, 120_000)
afterEach(stopRelays)
afterAll(async () => {
  server?.closeAllConnections()
  server?.close()
  await runtime?.close()
  await platform?.close()
})

async function relayAll(options: { readonly eventsKeptMs?: number; readonly pruneEveryMs?: number } = {}) {
  relays = [
    await startRelay(platform.home, bus, QUICK),
    await startRelay(platform.eu, intoOutbox(platform.home), { ...QUICK, ...options }),
  ]
}

async function stopRelays(): Promise<void> {
  await Promise.all(relays.map((one) => one.close()))
  relays = []
}

async function count(database: Database, where: string): Promise<number> {
  const [row] = await platform.query(database, `select count(*)::text from ${EVENTS} where ${where}`)
  return Number(row?.[0])
}

interface Told {
  readonly id: string
  readonly type: string
  readonly subject: string
  readonly position: number
  readonly time: string
}

/** What the tenant itself reads. */
async function told(shop: Shop): Promise<readonly Told[]> {
  const answer = await shop.get(
    '/events?type=like.record.*&select=id,type,subject,position,time&order=position.asc.nullslast',
    { 'accept-profile': 'platform' },
  )
  return answer.rows as unknown as Told[]
}

let n = 0
async function write(shop: Shop): Promise<string> {
  const [row] = await shop.add('customers', [{ email: `e${++n}@${shop.slug}.test` }])
  return String(row?.id)
}

test('each once, in one order with those of home, to the tenant alone', async () => {
  await relayAll()
  const stream = await openStream(`${origin}/t/carl/events`, carl.key)
  await stream.until(() => stream.frames.length > 0)
  const ids: string[] = []
  for (let i = 0; i < 5; i++) {
    ids.push(await write(carl))
    await write(anna)
  }
  await stream.until(() => stream.events().length >= 5)
  expect(stream.events().map(({ data }) => (data.record as { id: string }).id)).toEqual(ids)
  for (const event of stream.events()) expect(validateEvent(event), JSON.stringify(event)).toEqual([])
  stream.close()
  await expect.poll(() => heard.filter(({ type }) => type === 'record.created').length, SOON).toBe(10)
  const [ofCarl, ofAnna] = [await told(carl), await told(anna)]
  expect(ofCarl.map(({ subject }) => subject)).toEqual(ids.map((id) => `customers/${id}`))
  expect(ofAnna).toHaveLength(5)
  const positions = [...ofCarl, ...ofAnna].map(({ position }) => position)
  expect(new Set(positions).size).toBe(10)
  // One order for both databases.
  expect(heard.filter(({ type }) => type.startsWith('record')).map(({ position }) => position)).toEqual(
    positions.toSorted((a, b) => a - b),
  )
  expect(await count(platform.eu, 'sent_at is null')).toBe(0)
})

test('with every digit of its data, and the time at which it was written', async () => {
  const customer_id = await write(carl)
  const order = `{"total":12345678901234567890.10,"customer_id":"${customer_id}"}`
  expect((await carl.post('/orders', order)).status).toBe(201)
  await relayAll()
  await expect.poll(() => count(platform.home, `subject like 'orders/%'`), SOON).toBe(1)
  const read = (database: Database) =>
    platform.query(database, `select data::text, time::text, source from ${EVENTS} where subject like 'orders/%'`)
  const [there, here] = [await read(platform.eu), await read(platform.home)]
  expect(here).toEqual(there)
  expect(here[0]?.[0]).toContain('12345678901234567890.10')
})

test('what was cleared away there stays here, and is sent again from here', async () => {
  await write(carl)
  await relayAll({ eventsKeptMs: 0, pruneEveryMs: 50 })
  await expect.poll(() => count(platform.eu, 'true'), SOON).toBe(0)
  const before = await told(carl)
  expect(before.every(({ position }) => position !== null)).toBe(true)
  heard.length = 0
  // As `replay_events` does it.
  await platform.query(platform.home, `update ${EVENTS} set sent_at = null where tenant_id = '${carl.id}'`)
  await expect
    .poll(() => heard.filter(({ type }) => type.startsWith('record')).map(({ id, position }) => [id, position]), SOON)
    .toEqual(before.map(({ id, position }) => [id, position]))
  expect(await told(carl)).toEqual(before)
})

test('a relay that is killed between sending and marking: each is there once', async () => {
  const before = (await told(carl)).length
  for (let i = 0; i < 3; i++) await write(carl)
  await killThere(RELAY, [platform.urls.home, platform.urls.eu])
  expect(await count(platform.eu, 'sent_at is null')).toBe(3)
  await killThere(RELAY, [platform.urls.home, platform.urls.eu])
  await write(carl)
  heard.length = 0
  await relayAll()
  await expect.poll(() => count(platform.eu, 'sent_at is null'), SOON).toBe(0)
  await expect
    .poll(async () => (await told(carl)).filter(({ position }) => position !== null).length, SOON)
    .toBe(before + 4)
  const ids = (await told(carl)).map(({ id }) => id)
  expect(new Set(ids).size).toBe(before + 4)
  expect(heard.filter(({ type }) => type.startsWith('record'))).toHaveLength(4)
})

test('while home is away they wait, and come once it is back', async () => {
  const way = await startTcpProxy(platform.urls.home)
  const faults: string[] = []
  const home = postgres(way.url, { connectTimeoutMs: 500 })
  const relay = await startRelay(platform.eu, intoOutbox(home), {
    ...QUICK,
    observe: (seen) => void (seen.kind === 'error' && faults.push(seen.code)),
  })
  way.refuse(true)
  way.cut()
  const before = (await told(carl)).length
  await write(carl)
  await expect.poll(() => faults, SOON).toContain('DATABASE_UNREACHABLE')
  expect(await told(carl)).toHaveLength(before)
  way.refuse(false)
  await expect.poll(() => count(platform.eu, 'sent_at is null'), SOON).toBe(0)
  expect(await told(carl)).toHaveLength(before + 1)
  await relay.close()
  await home.close?.()
  await way.close()
})

test('positions of another database are told to nobody', async () => {
  await expect(startRelay(platform.eu, bus, QUICK)).rejects.toMatchObject({ code: 'NOT_HOME' })
  await expect(startRelay(platform.home, intoOutbox(platform.eu), QUICK)).rejects.toMatchObject({
    code: 'DATABASE_TAKEN',
  })
})
