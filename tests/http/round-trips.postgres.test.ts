/** How often a request waits for the database, counted on the wire: once, whatever it reads, and whatever one row it writes. */
import { pg } from '@backsaas/adapters/databases/pg'
import { postgres } from '@backsaas/adapters/databases/postgres'
import { createRuntime, type Runtime } from '@backsaas/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Caller, createCaller } from '../fixture/caller.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { startWireCounter, type WireCounter } from '../fixture/wire-counter.ts'

let fixture: Fixture
beforeAll(async () => {
  fixture = await startFixture({ database: 'postgres' })
})
afterAll(() => fixture?.close())

describe.each([
  ['pg', pg],
  ['postgres', postgres],
] as const)('with the adapter %s', (adapter, open) => {
  let wire: WireCounter
  let runtime: Runtime
  let acme: Caller
  let ids: readonly string[]

  beforeAll(async () => {
    wire = await startWireCounter(String(fixture.url))
    runtime = createRuntime({ database: open(wire.url) })
    await runtime.ready()
    const { slug, id, key } = fixture.tenants.acme
    acme = createCaller({
      slug,
      id,
      key,
      send: async (path, init) => runtime.fetch(new Request(`http://localhost/t/${slug}${path}`, init)),
    })
    const rows = [0, 1, 2, 3].map((n) => ({ email: `${adapter}${n}@example.com`, first_name: 'Ada' }))
    ids = (await acme.add('contacts', rows)).map((row) => String(row.id))
  })
  afterAll(async () => {
    await runtime?.close()
    await wire?.close()
  })

  /** The first time may prepare, and read what the registry knows; the second is what is counted. */
  async function count(ask: (time: number) => Promise<{ readonly status: number }>) {
    expect((await ask(0)).status).toBeLessThan(300)
    wire.take()
    expect((await ask(1)).status).toBeLessThan(300)
    return wire.take()
  }

  const embeds = 'select=*,company:companies(name),notes(id,body)'
  test.each([
    ['by a filter on the id', () => acme.get(`/contacts?id=eq.${ids[0]}`)],
    ['of an item', () => acme.get(`/contacts/${ids[0]}`)],
    ['of a page with two embeds', () => acme.get(`/contacts?${embeds}&order=id&limit=100`)],
    ['with a count', () => acme.get('/contacts?limit=2', { prefer: 'count=exact' })],
  ])('a read %s is one statement in one round trip', async (_, ask) => {
    expect(await count(ask)).toEqual({ statements: 1, syncs: 1, roundTrips: 1, messages: 'BES' })
  })

  test('a create is one statement in one round trip, its events included', async () => {
    const ask = (time: number) =>
      acme.post('/contacts', { email: `new-${adapter}${time}@example.com`, first_name: 'B' })
    expect(await count(ask)).toEqual({ statements: 1, syncs: 1, roundTrips: 1, messages: 'BES' })
  })

  test.each([
    ['an update', () => acme.patch(`/contacts?id=eq.${ids[1]}`, { first_name: 'C' })],
    ['an update of an item', () => acme.patch(`/contacts/${ids[1]}`, { first_name: 'D' })],
    ['a delete', (time: number) => acme.delete(`/contacts?id=eq.${ids[2 + time]}`)],
  ])('%s is one round trip', async (_, ask) => {
    expect(await count(ask)).toMatchObject({ roundTrips: 1 })
  })

  test.runIf(adapter === 'pg')('an update is two statements under one Sync', async () => {
    const ask = () => acme.patch(`/contacts?id=eq.${ids[1]}`, { first_name: 'E' })
    expect(await count(ask)).toEqual({ statements: 2, syncs: 1, roundTrips: 1, messages: 'BEBES' })
  })

  test.runIf(adapter === 'pg')('a statement that is new is parsed in the same round trip', async () => {
    await acme.get('/contacts?limit=1')
    wire.take()
    expect((await acme.get('/contacts?select=last_name,email&limit=7')).status).toBe(200)
    expect(wire.take()).toEqual({ statements: 1, syncs: 1, roundTrips: 1, messages: 'PBES' })
  })
})
