/** A runtime of several databases: each tenant is answered from where its rows are, and nobody pays for a database that is away. */
import { pg } from '@backsaas/adapters/databases/pg'
import type { Database } from '@backsaas/core'
import { createStore, migrate } from '@backsaas/migrator'
import { policies } from '@backsaas/plugins/policies'
import { createRuntime, type Runtime } from '@backsaas/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTcpProxy, type TcpProxy } from '../../packages/adapters/test/tcp-proxy.ts'
import { startWireCounter } from '../fixture/wire-counter.ts'
import { asShop, openShop, SHOP, type Shop, serveFleet } from './serve-fleet.ts'
import { startFleet, type TestFleet } from './start-fleet.ts'

const WRITTEN = { prefer: 'return=representation' }

let platform: TestFleet
let runtime: Runtime
let anna: Shop
let carl: Shop
let dora: Shop
beforeAll(async () => {
  platform = await startFleet()
  await createStore(platform.fleet, { name: 'eu-1', database: 'eu' })
  await migrate(platform.home, SHOP)
  runtime = await serveFleet(platform)
  anna = await openShop(platform, runtime, 'anna')
  carl = await openShop(platform, runtime, 'carl', 'eu-1')
  dora = await openShop(platform, runtime, 'dora', 'eu-1')
}, 120_000)
afterAll(async () => {
  await runtime?.close()
  await platform?.close()
})

/** Of every store of a database. */
async function emails(database: Database): Promise<string[]> {
  const tables = await platform.query(
    database,
    `select format('%I.customers', schemaname) from pg_tables where tablename = 'customers' order by 1`,
  )
  const found = await Promise.all(tables.map(([table]) => platform.query(database, `select email from ${table}`)))
  return found
    .flat()
    .map(([email]) => String(email))
    .sort()
}

describe('a tenant in another database', () => {
  test('reads, writes, embeds and upserts, and its rows are there', async () => {
    const { client } = carl
    const made = await client.from('customers').insert({ email: 'c@carl.test', name: 'C' }).select().single()
    expect(made.error).toBeNull()
    const customer = made.data as { id: string }
    const orders = [1, 2, 3].map((amount) => ({ amount, customer_id: customer.id }))
    expect((await client.from('orders').insert(orders)).status).toBe(201)
    const found = await client
      .from('customers')
      .select('email, orders(amount)', { count: 'exact' })
      .gt('orders.amount', 1)
      .order('amount', { referencedTable: 'orders' })
    expect([found.count, found.data]).toEqual([1, [{ email: 'c@carl.test', orders: [{ amount: 2 }, { amount: 3 }] }]])
    const upserted = await client
      .from('customers')
      .upsert([{ email: 'c@carl.test', name: 'Carl' }, { email: 'd@carl.test' }], { onConflict: 'email' })
      .select('email, name')
    expect(upserted.data).toEqual([
      { email: 'c@carl.test', name: 'Carl' },
      { email: 'd@carl.test', name: null },
    ])
    const changed = await client.from('customers').update({ name: 'D' }).eq('email', 'd@carl.test').select('name')
    expect(changed.data).toEqual([{ name: 'D' }])
    expect((await client.from('customers').delete().eq('email', 'd@carl.test')).status).toBe(204)
    expect(await emails(platform.eu)).toEqual(['c@carl.test'])
    expect(await emails(platform.home)).toEqual([])
  })

  test('is asked in process as it is over HTTP', async () => {
    const { data } = await runtime
      .for({ tenant: 'carl', id: 'us', kind: 'user', roles: ['admin'] })
      .from('customers')
      .select('email')
    expect(data).toEqual([{ email: 'c@carl.test' }])
  })

  test('has its registry where all have it', async () => {
    const { client } = carl
    const { data } = await client.schema('platform').from('installs').select('schema_name').eq('profile', 'shop')
    expect(data).toEqual([{ schema_name: 'shop' }])
    const made = await carl.post(
      '/rpc/create_api_key',
      { name: 'more', roles: ['admin'] },
      { 'content-profile': 'platform' },
    )
    expect(made.status).toBe(201)
  })

  test('sees nothing of the tenants beside it, nor of those of other databases', async () => {
    const id = '0197c1a0-0000-7000-8000-000000000001'
    for (const shop of [anna, carl, dora]) {
      const row = { id, email: 'same@shop.test', name: shop.slug }
      expect((await shop.post('/customers', row)).status).toBe(201)
    }
    for (const shop of [anna, carl, dora]) {
      expect((await shop.get(`/customers?id=eq.${id}&select=name`)).body).toEqual([{ name: shop.slug }])
    }
    expect((await carl.delete(`/customers?id=eq.${id}`, WRITTEN)).rows).toHaveLength(1)
    expect((await anna.get(`/customers?id=eq.${id}&select=name`)).body).toEqual([{ name: 'anna' }])
    expect((await dora.get(`/customers?id=eq.${id}&select=name`)).body).toEqual([{ name: 'dora' }])
  })

  test('costs one round trip there and none at home, once it is known', async () => {
    const [there, here] = [await startWireCounter(platform.urls.eu), await startWireCounter(platform.urls.home)]
    const other = createRuntime({
      ...{ database: pg(here.url), databases: { eu: pg(there.url) }, beat: false },
      plugins: [policies()],
    })
    const shop = asShop(other, carl)
    const [read, write] = [() => shop.get('/customers'), () => shop.patch('/customers?name=eq.none', { name: 'x' })]
    for (const ask of [read, write, read, write]) expect((await ask()).status).toBeLessThan(300)
    for (const ask of [read, write]) {
      for (const wire of [there, here]) wire.take()
      await ask()
      expect([there.take().roundTrips, here.take().statements]).toEqual([1, 0])
    }
    await other.close()
    await Promise.all([there.close(), here.close()])
  })

  test('is refused by the fence of its own database', async () => {
    const set = (state: string) =>
      platform.query(platform.eu, `update backsaas.fence_tenants set state = '${state}' where tenant_id = '${dora.id}'`)
    await set('suspended')
    for (const answer of [await dora.get('/customers'), await dora.post('/customers', { email: 'x@y.test' })]) {
      expect([answer.status, answer.row.code]).toEqual([403, 'TENANT_SUSPENDED'])
    }
    expect((await carl.get('/customers?limit=1')).status).toBe(200)
    await set('live')
    expect((await dora.get('/customers?limit=1')).status).toBe(200)
  })
})

describe('what a runtime cannot serve', () => {
  test('a database that it was not given', async () => {
    const other = createRuntime({ database: pg(platform.urls.home), beat: false, observe: () => undefined })
    const { status, row } = await asShop(other, carl).get('/customers')
    expect([status, row.code, row.hint]).toEqual([
      503,
      'DATABASE_UNKNOWN',
      'Give it in `databases` of createRuntime, or in BACKSAAS_DATABASES.',
    ])
    expect((await asShop(other, anna).get('/customers?limit=1')).status).toBe(200)
    await other.close()
  })

  test('a login in any of them that row level security does not bind: it does not start', async () => {
    const other = createRuntime({
      database: pg(platform.urls.home),
      databases: { eu: pg(platform.urls.eu, { serveAs: 'given' }) },
      beat: false,
    })
    await expect(other.ready()).rejects.toMatchObject({
      code: 'LOGIN_TOO_POWERFUL',
      message: expect.stringContaining('of the database eu'),
    })
    expect((await asShop(other, carl).get('/customers')).row.code).toBe('LOGIN_TOO_POWERFUL')
    await other.close()
  })

  test('a database whose own tables have other names, until it is set up anew', async () => {
    const rename = (from: string, to: string) =>
      platform.query(
        platform.eu,
        `update backsaas.versions set mapping = replace(mapping, '"subject":"${from}"', '"subject":"${to}"')
         where placement_id = '00000000-0000-7000-8000-000000000002'`,
      )
    await rename('subject', 'about')
    const other = await serveFleet(platform)
    const { status, row } = await asShop(other, carl).get('/customers')
    expect([status, row.code, row.hint]).toEqual([503, 'PLATFORM_DIFFERS', 'Run `backsaas migrate` on all databases.'])
    await rename('about', 'subject')
    expect((await asShop(other, carl).get('/customers?limit=1')).status).toBe(200)
    await other.close()
  })
})

describe('a database that cannot be reached', () => {
  let way: TcpProxy
  let other: Runtime
  beforeAll(async () => {
    way = await startTcpProxy(platform.urls.eu)
    way.refuse(true)
    other = await serveFleet(platform, {}, way.url)
  })
  afterAll(async () => {
    await other?.close()
    await way?.close()
  })

  test('keeps no runtime from starting, and nobody from being served but its tenants', async () => {
    const { status, row, headers } = await asShop(other, carl).get('/customers')
    expect([status, row.code, headers.get('retry-after')]).toEqual([503, 'DATABASE_UNREACHABLE', expect.any(String)])
    expect((await asShop(other, anna).get('/customers?limit=1')).status).toBe(200)
    expect((await other.fetch(new Request('http://localhost/healthz'))).status).toBe(200)
  })

  test('serves once it is there, and again after it was away', async () => {
    way.refuse(false)
    const shop = asShop(other, carl)
    expect((await shop.get('/customers?select=email')).body).toEqual([{ email: 'c@carl.test' }])
    way.refuse(true)
    way.cut()
    const away = await Promise.all([shop.get('/customers'), shop.post('/customers', { email: 'away@carl.test' })])
    expect(away.map(({ status, row }) => [status, row.code])).toEqual([
      [503, 'DATABASE_UNREACHABLE'],
      [503, 'DATABASE_UNREACHABLE'],
    ])
    expect((await asShop(other, anna).get('/customers?limit=1')).status).toBe(200)
    way.refuse(false)
    await expect.poll(async () => (await shop.get('/customers?limit=1')).status).toBe(200)
  })
})

describe('a version that ends in another database', () => {
  test('is renewed from the registry, and the request answered', async () => {
    await platform.work()
    // No beat: it knows of the new version by the refusal alone.
    const [other, third] = [await serveFleet(platform, { beat: false }), await serveFleet(platform, { beat: false })]
    const shop = asShop(other, carl)
    for (const one of [other, third]) expect((await asShop(one, carl).get('/orders')).status).toBe(200)
    const decimal =
      '{ type: decimal, precision: 12, scale: 2, convert: { up: "decimal(amount)", down: "int(amount)" } }'
    await migrate(platform.home, SHOP.replace('{ type: integer }', decimal))
    const state = () =>
      platform.query(
        platform.eu,
        `select state from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
        where p.schema_name = 'shop' order by version`,
      )
    await expect.poll(state, { timeout: 30_000 }).toEqual([['live'], ['live']])
    await platform.query(
      platform.home,
      `update backsaas.migrations set wanted = 'done', hurried = true, confirmed = token where not follows`,
    )
    await expect.poll(state, { timeout: 30_000 }).toEqual([['retired'], ['live']])
    expect((await shop.get('/orders?select=amount&order=amount')).body).toEqual([
      { amount: 1 },
      { amount: 2 },
      { amount: 3 },
    ])
    // The way of a write, too: this one has not heard of it either.
    const [first] = (await shop.get('/customers?select=id')).rows
    expect((await asShop(third, carl).post('/orders', { amount: 4, customer_id: first?.id })).status).toBe(201)
    await third.close()
    await other.close()
    await platform.stopWork()
  }, 90_000)
})
