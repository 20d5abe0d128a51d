/** `/events` over a real socket, with a relay, on Postgres. */
import type { Server } from 'node:http'
import { startRelay } from '@backsaas/migrator'
import { createAdaptorServer } from '@hono/node-server'
import sql from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { validateEvent } from '../events/validate-event.ts'
import type { Caller } from '../fixture/caller.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { openStream, type Stream } from './open-stream.ts'

const STORE = 'backsaas_00000000000070008000000000000003'
const STREAMS_MAX = 3

let fixture: Fixture
let server: Server
let origin: string
let relay: Awaited<ReturnType<typeof startRelay>>
let db: sql.Sql
let caller: Caller
const open: Stream[] = []

beforeAll(async () => {
  fixture = await startFixture({
    database: 'postgres',
    runtime: { beat: { leaseMs: 500 }, limits: { eventStreams: STREAMS_MAX } },
  })
  relay = await startRelay(fixture.database, fixture.bus, { intervalMs: 50, leaseMs: 200 })
  server = createAdaptorServer({ fetch: fixture.runtime.fetch }) as Server // HTTP/1.1, as nothing else is asked for
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  db = sql(String(fixture.url), { max: 2, onnotice: () => undefined })
})
afterAll(async () => {
  for (const stream of open) stream.close()
  server?.closeAllConnections()
  server?.close()
  await relay?.close()
  await db?.end()
  await fixture?.close()
})

async function stream(who: Caller, query = '', headers: Record<string, string> = {}): Promise<Stream> {
  const one = await openStream(`${origin}/t/${who.slug}/events${query}`, who.key, headers)
  open.push(one)
  return one
}

let n = 0
async function write(who: Caller, count = 1): Promise<void> {
  const rows = Array.from({ length: count }, () => ({ email: `sse${++n}@example.com`, first_name: 'S' }))
  expect((await who.post('/contacts', rows)).status).toBe(201)
}

const positions = (one: Stream) => one.events().map(({ position }) => position)

describe('a stream', () => {
  beforeAll(async () => {
    caller = await fixture.newTenant()
  })

  test('tells what happens from now on, each event once, in the order of positions, as it is defined', async () => {
    await write(caller, 2)
    // "Now" begins behind what the relay has seen.
    const before = await stream(caller, '?last_event_id=0')
    await before.until(() => before.events().length === 2)
    before.close()
    const [one, other] = [await stream(caller), await stream(await fixture.newTenant())]
    expect([one.status, one.headers.get('content-type'), one.headers.get('cache-control')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      'private, no-store',
    ])
    await one.until(() => one.frames.length > 0)
    expect(one.frames[0]).toEqual({ retry: '2000', id: expect.stringMatching(/^\d+$/) })
    for (let i = 0; i < 5; i++) await write(caller, 3)
    await one.until(() => one.events().length >= 15)
    expect(positions(one)).toEqual(positions(one).toSorted((a, b) => a - b))
    expect(new Set(positions(one)).size).toBe(15)
    for (const event of one.events()) expect(validateEvent(event), JSON.stringify(event)).toEqual([])
    const [, frame] = one.frames
    expect(frame).toMatchObject({ event: 'record.created', id: String(positions(one)[0]) })
    expect(other.events()).toEqual([])
    one.close()
    other.close()
  })

  test('goes on from where it was cut off, without gaps or doubles, by header or query, the header first', async () => {
    const whole = await stream(caller, '?last_event_id=0')
    await whole.until(() => whole.events().length >= 17)
    const all = positions(whole)
    const seen: number[] = []
    for (let last = 0; seen.length < all.length; ) {
      const part = await stream(
        caller,
        last === 0 ? '?last_event_id=0' : '?last_event_id=1',
        last === 0 ? {} : { 'last-event-id': String(last) },
      )
      await part.until(() => part.events().length > 0)
      // Cut off somewhere in the middle: the rest of what came is thrown away.
      const taken = positions(part).slice(0, 4)
      seen.push(...taken)
      last = taken.at(-1) ?? last
      part.close()
      await part.ended
    }
    expect(seen).toEqual(all)
    whole.close()
  })

  test('of some types only, and passes over the others for good', async () => {
    const asked = await stream(caller, '?types=record.deleted,schema.*')
    await asked.until(() => asked.frames.length > 0)
    await write(caller, 150)
    await caller.delete(`/contacts?email=eq.sse${n}@example.com`)
    await asked.until(() => asked.events().length > 0)
    expect(asked.events().map(({ type }) => type)).toEqual(['record.deleted'])
    asked.close()
  })

  test('more than a page at once, and while it is read slowly', async () => {
    const [{ position } = { position: 0 }] = await db.unsafe(
      `select max(position)::int as position from ${STORE}.events where tenant_id = '${caller.id}'`,
    )
    const one = await stream(caller, `?last_event_id=${position}`)
    for (let i = 0; i < 5; i++) await write(caller, 90)
    await one.until(() => one.events().length >= 450, 20_000)
    expect(new Set(positions(one)).size).toBe(450)
    one.close()
  })
})

describe('who may not', () => {
  beforeAll(async () => {
    caller = await fixture.newTenant()
  })

  test('is refused before anything is told', async () => {
    const ask = async (query: string, init: RequestInit = {}) =>
      fixture.fetch(`/t/${caller.slug}/events${query}`, { headers: { apikey: caller.key }, ...init })
    expect((await ask('', { headers: {} })).status).toBe(401)
    const { globex } = fixture.tenants
    expect((await ask('', { headers: { apikey: globex.key } })).status).toBe(400)
    for (const query of [
      '?last_event_id=x',
      '?last_event_id=-1',
      '?last_event_id=1.5',
      `?last_event_id=${'9'.repeat(20)}`,
      '?types=',
      '?types=a,,b',
      '?types=A',
      '?types=a%22)',
      `?types=${'a,'.repeat(60)}b`,
    ])
      expect((await ask(query)).status, query).toBe(400)
    expect((await ask('', { method: 'POST' })).status).toBe(405)
    const head = await ask('', { method: 'HEAD' })
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
    const member = await fixture.runtime.fetch(
      new Request('http://localhost/events', { headers: { apikey: await memberKey() } }),
    )
    expect(member.status).toBe(403)
  })

  async function memberKey(): Promise<string> {
    const { createKey } = await import('@backsaas/migrator')
    const { key } = await createKey(fixture.database, { tenant: caller.slug, name: 'member' })
    await db.unsafe(
      `update ${STORE}.api_keys set roles = '{member}' where tenant_id = '${caller.id}' and name = 'member'`,
    )
    return key
  }

  test('any longer is cut off: its key revoked, its tenant suspended', async () => {
    const second = await fixture.newTenant()
    const [one, two] = [await stream(caller), await stream(second)]
    await Promise.all([one.until(() => one.frames.length > 0), two.until(() => two.frames.length > 0)])
    await db.unsafe(
      `update ${STORE}.api_keys set revoked_at = now() where tenant_id = '${caller.id}' and name = 'tests'`,
    )
    await db.unsafe(`update ${STORE}.tenants set status = 'suspended' where id = '${second.id}'`)
    await Promise.all([one.ended, two.ended])
    expect((await stream(caller)).status).toBe(401)
    expect((await stream(second)).status).toBe(403)
  }, 25_000)

  test('have more than so many open; one that is closed makes room', async () => {
    const { acme } = fixture.tenants
    const streams = await Promise.all(Array.from({ length: STREAMS_MAX }, () => stream(acme)))
    expect(streams.map(({ status }) => status)).toEqual(Array(STREAMS_MAX).fill(200))
    const refused = await stream(acme)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '10'])
    streams[0]?.close()
    for (let tries = 0; ; tries++) {
      const again = await stream(acme)
      if (again.status === 200) break
      expect(tries, 'the room is never made').toBeLessThan(100)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    for (const one of streams) one.close()
  })
})

test('what is not kept any longer is told to who would go on from before it', async () => {
  const tenant = await fixture.newTenant()
  await write(tenant, 3)
  const all = await stream(tenant, '?last_event_id=0')
  await all.until(() => all.events().length === 3)
  all.close()
  const [first = 0, , last = 0] = positions(all)
  const cleaner = await startRelay(fixture.database, fixture.bus, {
    intervalMs: 20,
    leaseMs: 200,
    eventsKeptMs: 0,
    pruneEveryMs: 20,
  })
  await relay.close()
  const left = async () =>
    Number((await db.unsafe(`select count(*) from ${STORE}.events where tenant_id = '${tenant.id}'`))[0]?.count)
  for (let tries = 0; (await left()) > 0; tries++) {
    expect(tries, 'they are never cleared away').toBeLessThan(200)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await cleaner.close()
  relay = await startRelay(fixture.database, fixture.bus, { intervalMs: 50, leaseMs: 200 })
  expect((await stream(tenant, `?last_event_id=${first}`)).status).toBe(410)
  for (const after of [last, 0]) {
    const one = await stream(tenant, `?last_event_id=${after}`)
    expect(one.status).toBe(200)
    one.close()
  }
})

test('at the end of the runtime they end too', async () => {
  const one = await stream(await fixture.newTenant())
  await one.until(() => one.frames.length > 0)
  await relay.close()
  await fixture.runtime.close()
  await one.ended
})
