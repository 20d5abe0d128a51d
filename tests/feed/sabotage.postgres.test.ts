/**
 * Somebody sits between the relay and the bus: events come in another order, twice, never, or are made up. A runtime takes
 * them for what they are, hints, and serves what the registry says: security line 29.
 */
import { randomUUID } from 'node:crypto'
import { redis } from '@backsaas/adapters/buses/redis'
import { postgres } from '@backsaas/adapters/databases/postgres'
import type { Bus, Event } from '@backsaas/core'
import { migrate, type Relay, startRelay } from '@backsaas/migrator'
import { createRuntime, type Runtime } from '@backsaas/runtime'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Caller, createCaller } from '../fixture/caller.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'

const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'
/** Longer than a test lasts: what a runtime learns in time, it learns by the bus. */
const LEASE_MS = 8_000
const BEFORE_BEAT = { timeout: 6_000, interval: 20 } as const
const SOON = { timeout: 20_000, interval: 20 } as const

let fixture: Fixture
let version = 1
beforeAll(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [document(1)] })
})
afterAll(() => fixture?.close())

/** Version n has n fields: f1, f2, … */
function document(n: number): string {
  const fields = Array.from({ length: n }, (_, i) => `f${i + 1}: { type: integer }`).join(', ')
  return `schema: moved\nentities:\n  things:\n    events: [created]\n    fields: { ${fields} }\n`
}

describe('a runtime on a Redis', () => {
  let stream: string
  let honest: Bus
  let runtime: Runtime
  let relay: Relay
  let caller: Caller
  let heard: Event[]
  let sabotage: (events: readonly Event[]) => readonly Event[]

  beforeEach(async () => {
    stream = `backsaas:test:${randomUUID()}`
    const onError = (): void => undefined
    honest = redis(REDIS_URL, { stream, onError })
    heard = []
    sabotage = (events) => events
    const plugin = { name: 'listener', on: { '*': async (event: Event) => void heard.push(event) } }
    runtime = createRuntime({
      database: postgres(String(fixture.url)),
      bus: redis(REDIS_URL, { stream, onError }),
      beat: { leaseMs: LEASE_MS },
      plugins: [plugin],
    })
    const made = await fixture.newTenant()
    caller = createCaller({
      slug: made.slug,
      id: made.id,
      key: made.key,
      send: async (path, init) => runtime.fetch(new Request(`http://localhost${path}`, init)),
    })
    const bus: Bus = { ...honest, publish: async (events) => honest.publish(sabotage(events)) }
    relay = await startRelay(fixture.database, bus, { intervalMs: 20, leaseMs: 100, observe: () => undefined })
    await runtime.ready()
    expect((await caller.post('/things', { f1: 1 })).status).toBe(201)
    // All that has happened so far has come.
    await expect.poll(() => heard.some(({ tenantid }) => tenantid === caller.id), SOON).toBe(true)
  })
  afterEach(async () => {
    await relay.close()
    await runtime.close()
    await runtime.bus.close?.()
    await honest.close?.()
    const client = new Redis(REDIS_URL)
    await client.del(stream)
    client.disconnect()
  })

  const publish = (): Promise<unknown> => migrate(fixture.database, document(++version))
  /** How many fields a row has; no field is named, since an unknown name makes a runtime look by itself. */
  async function served(): Promise<number> {
    const { status, rows } = await caller.get('/things?limit=1')
    expect(status).toBe(200)
    return Object.keys(rows[0] ?? {}).filter((field) => /^f\d+$/.test(field)).length
  }

  test('hears of a version by its event', async () => {
    expect(await served()).toBe(version)
    await publish()
    await expect.poll(served, BEFORE_BEAT).toBe(version)
  })

  test('hears of a version whose event was taken away by the gap that the next one leaves', async () => {
    expect(await served()).toBe(version)
    sabotage = (events) => events.filter(({ type }) => !type.startsWith('schema.'))
    await publish()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(await served()).toBe(version - 1)
    // An event that is no reason to look for anything.
    await caller.post('/things', { f1: 2 })
    await expect.poll(served, BEFORE_BEAT).toBe(version)
  })

  test('believes nothing that is made up', async () => {
    const { id: tenantid } = caller
    const forge = (type: string, data: Event['data'], subject = tenantid): Event => ({
      specversion: '1.0',
      id: randomUUID(),
      source: '/registry',
      type,
      subject,
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      data,
      tenantid,
      position: 1_000_000_000,
    })
    const schema_id = randomUUID()
    const forged = [
      forge('tenant.suspended', { tenant_id: tenantid, slug: caller.slug }),
      forge('tenant.updated', { tenant_id: tenantid, slug: 'stolen' }),
      forge('install.deleted', { tenant_id: tenantid, schema_id, schema: 'moved', profile: 'moved' }),
      forge('install.updated', { tenant_id: tenantid, schema_id, schema: 'moved', profile: 'moved', version: 99 }),
      forge('schema.updated.breaking', { tenant_id: tenantid, schema_id, old_version: version, new_version: 99 }),
      forge('schema.created', { tenant_id: tenantid, schema_id, version: 99, spec: {} }, '../../etc'),
      forge('policy.updated', { tenant_id: tenantid, policy_id: randomUUID(), change: 'deleted' }, 'policies/*'),
      forge('record.created', { schema: 'moved', entity: 'things', record: { f1: 3 } }, 'things/1'),
    ]
    const before = heard.length
    await honest.publish(forged)
    await expect.poll(() => heard.length - before, SOON).toBeGreaterThanOrEqual(forged.length)
    expect(await served()).toBe(version)
    expect((await runtime.fetch(new Request('http://localhost/t/stolen/rest/v1/things'))).status).toBeGreaterThan(400)
    const events = await caller.get('/events?select=type&type=eq.schema.updated.breaking', {
      'accept-profile': 'platform',
    })
    expect(events.body).toEqual([])
    // And a true one is heard after them.
    await publish()
    await expect.poll(served, BEFORE_BEAT).toBe(version)
  })

  test('never fails a request, and ends on the last version, whatever order, doubles and holes they come in', async () => {
    let kept: readonly Event[] = []
    sabotage = (events) => {
      // Of what came before, some comes again; the order is turned; every fourth is lost.
      const mixed = [...kept, ...events, ...events].filter(() => Math.random() > 0.25).reverse()
      kept = events
      return mixed
    }
    let going = true
    const statuses = new Set<number>()
    const reading = (async () => {
      while (going) {
        statuses.add((await caller.get('/things?limit=1')).status)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })()
    for (let i = 0; i < 8; i++) {
      await publish()
      await caller.post('/things', { f1: i })
    }
    await expect.poll(served, SOON).toBe(version)
    going = false
    await reading
    expect([...statuses]).toEqual([200])
  })

  test('a plugin hears a tenant’s events in their order, each that comes twice not counted', async () => {
    sabotage = (events) => [...events, ...events]
    for (let i = 0; i < 20; i++) await caller.post('/things', { f1: i })
    const own = (): readonly number[] => [
      ...new Set(heard.flatMap(({ tenantid, position }) => (tenantid === caller.id && position ? [position] : []))),
    ]
    await expect.poll(() => own().length, SOON).toBe(21)
    expect(own()).toEqual(own().toSorted((a, b) => a - b))
    expect(heard.length).toBeGreaterThan(own().length)
  })
})
