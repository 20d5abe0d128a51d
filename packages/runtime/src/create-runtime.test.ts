import { BackSaasError, type Connection, DatabaseError, type Observation, type Plugin } from '@backsaas/core'
import { Hono } from 'hono'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { ACME, CRM, type FakeStore, fakeStore, schemaNamed } from '../test/fake-store.ts'
import { echo, get, problem } from '../test/requests.ts'
import { createRuntime } from './create-runtime.ts'
import type { DataRequest } from './stages/data-request.ts'

const fake = vi.hoisted(() => ({
  store: null as unknown as FakeStore,
  run: null as unknown as (request: DataRequest) => Promise<Response>,
}))
vi.mock('./stages/run-stages.ts', () => ({
  readRows: (_connection: unknown, _schema: unknown, tenantId: string, entity: string, query: string) =>
    fake.store.readRows(tenantId, entity, query),
  runStages: (request: DataRequest) => fake.run(request),
}))

let store: FakeStore
let acmeKey: string

beforeEach(async () => {
  store = fakeStore()
  fake.store = store
  fake.run = echo
  acmeKey = await store.addKey(ACME)
})

describe('routes', () => {
  test('a key alone names tenant and caller', async () => {
    const { fetch } = createRuntime({ database: store.database })
    const response = await fetch(get('/rest/v1/notes', { apikey: acmeKey }))
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ tenant: ACME, kind: 'key', entity: 'notes', schema: 'crm' })
  })

  test('every answer carries the headers that keep caches away, and its id', async () => {
    const { fetch } = createRuntime({ database: store.database })
    for (const request of [get('/rest/v1/notes', { apikey: acmeKey }), get('/rest/v1/notes'), get('/nowhere')]) {
      const { headers } = await fetch(request)
      expect(headers.get('cache-control')).toBe('private, no-store')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('vary')).toContain('apikey')
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    }
  })

  test('a harmless request id is kept, another is replaced', async () => {
    const { fetch } = createRuntime({ database: store.database })
    const kept = await fetch(get('/healthz', { 'x-request-id': 'trace-12345' }))
    expect(kept.headers.get('x-request-id')).toBe('trace-12345')
    const replaced = await fetch(get('/healthz', { 'x-request-id': '<script>' }))
    expect(replaced.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('item routes decode the key; the prefix and the mount stay in links', async () => {
    const app = new Hono().route('/api', createRuntime({ database: store.database }).app)
    const response = await app.fetch(get('/api/t/acme/rest/v1/notes/a%2Fb%20c', { apikey: acmeKey }))
    expect(await response.json()).toMatchObject({ key: 'a/b c', basePath: '/api/t/acme/rest/v1' })
    const collection = await app.fetch(get('/api/rest/v1/notes', { apikey: acmeKey }))
    expect(await collection.json()).toMatchObject({ key: null, basePath: '/api/rest/v1' })
  })

  test('mounted, what is not ours stays the developer’s', async () => {
    const app = new Hono().route('/', createRuntime({ database: store.database }).app)
    app.get('/report', (c) => c.text('mine'))
    expect(await (await app.fetch(get('/report'))).text()).toBe('mine')
    expect((await problem(await app.fetch(get('/rest/v2/notes')))).code).toBe('PGRST125')
  })

  test('an unknown route is 404, a wrong method 405 with Allow, in the error shape', async () => {
    const { fetch } = createRuntime({ database: store.database })
    const unknown = await fetch(get('/rest/v2'))
    expect(unknown.status).toBe(404)
    expect(await problem(unknown)).toMatchObject({ type: 'about:blank', title: 'Not Found', instance: '/rest/v2' })
    const wrong = await fetch(get('/healthz', {}, 'POST'))
    expect(wrong.status).toBe(405)
    expect(wrong.headers.get('allow')).toBe('GET, HEAD')
    expect((await problem(wrong)).code).toBe('PGRST117')
    const item = await fetch(get('/rest/v1/notes/1', { apikey: acmeKey }, 'POST'))
    expect(item.status).toBe(405)
  })

  test('HEAD answers as GET without a body; OPTIONS says what is allowed, without a key', async () => {
    const { fetch } = createRuntime({ database: store.database })
    const head = await fetch(get('/rest/v1/notes', { apikey: acmeKey }, 'HEAD'))
    expect([head.status, await head.text()]).toEqual([200, ''])
    const options = await fetch(get('/t/acme/rest/v1/notes', {}, 'OPTIONS'))
    expect(options.headers.get('allow')).toBe('GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS')
  })

  test('a URL over the limit is 414, before anything is looked up', async () => {
    const { fetch, ready } = createRuntime({ database: store.database })
    await ready()
    const response = await fetch(get(`/rest/v1/notes?select=${'a'.repeat(17_000)}`, { apikey: acmeKey }))
    expect(response.status).toBe(414)
    expect(store.reads).toEqual([])
  })
})

describe('errors', () => {
  test.each([
    new Error('relation "store.secret" does not exist'),
    new BackSaasError('INTERNAL', 500, 'the mapping has no column for secret'),
    new DatabaseError('column "secret" does not exist', { sqlState: '42703' }),
  ])('what nobody foresaw is 500 INTERNAL, told to the observer and not to the caller: %s', async (error) => {
    fake.run = async () => {
      throw error
    }
    const seen: Observation[] = []
    const { fetch } = createRuntime({ database: store.database, observe: (one) => seen.push(one) })
    const response = await fetch(get('/rest/v1/notes', { apikey: acmeKey }))
    const text = await response.text()
    expect(response.status).toBe(500)
    expect(text).not.toContain('secret')
    expect(JSON.parse(text)).toMatchObject({ code: 'INTERNAL', requestId: response.headers.get('x-request-id') })
    expect(seen.filter(({ kind }) => kind === 'error')).toHaveLength(1)
  })

  test('a refusal keeps its code, details, hint, fields and headers', async () => {
    fake.run = async () => {
      throw new BackSaasError('PGRST999', 409, 'no', {
        details: 'd',
        hint: 'h',
        errors: [{ pointer: '/a', code: 'c', detail: 'x' }],
        headers: { 'retry-after': '7' },
      })
    }
    const { fetch } = createRuntime({ database: store.database })
    const response = await fetch(get('/rest/v1/notes', { apikey: acmeKey }))
    expect(response.headers.get('retry-after')).toBe('7')
    expect(await problem(response)).toMatchObject({
      title: 'Conflict',
      status: 409,
      detail: 'no',
      message: 'no',
      code: 'PGRST999',
      details: 'd',
      hint: 'h',
      errors: [{ pointer: '/a', code: 'c', detail: 'x' }],
    })
  })
})

describe('options', () => {
  test('that are none are refused, with the nearest', () => {
    const create = (extra: object) => () => createRuntime({ database: store.database, ...extra })
    expect(create({ nonsense: 3 })).toThrow(
      expect.objectContaining({ code: 'OPTIONS_INVALID', hint: expect.stringContaining('hostSuffix') }),
    )
    expect(create({ plugin: [] })).toThrow(
      expect.objectContaining({ code: 'OPTIONS_INVALID', hint: expect.stringContaining('Did you mean plugins?') }),
    )
  })
})

describe('ready', () => {
  test.each([
    [['postgres', 't', 't', 't'], 'is a superuser'],
    [['m', 'f', 't', 'f'], 'has BYPASSRLS'],
    [['o', 'f', 'f', 't'], 'owns the tables'],
  ])('refuses the login %j', async (login, why) => {
    store.login = login
    const { ready, fetch } = createRuntime({ database: store.database })
    await expect(ready()).rejects.toMatchObject({ code: 'LOGIN_TOO_POWERFUL', message: expect.stringContaining(why) })
    const response = await fetch(get('/rest/v1/notes', { apikey: acmeKey }))
    expect(response.status).toBe(503)
    expect(await problem(response)).toMatchObject({ code: 'LOGIN_TOO_POWERFUL', message: 'the server is not ready' })
  })

  test('a failure is tried again by the next request', async () => {
    store.broken = new Error('down')
    const { fetch } = createRuntime({ database: store.database })
    expect((await fetch(get('/healthz'))).status).toBe(503)
    store.broken = null
    expect((await fetch(get('/healthz'))).status).toBe(200)
    expect((await fetch(get('/rest/v1/notes', { apikey: acmeKey }))).status).toBe(200)
  })

  test('health asks the database, once a second, and waits two at most', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
    try {
      let asked = 0
      let batch: Connection['batch'] = async () => []
      const connection: Connection = {
        batch(statements) {
          if (statements[0]?.text !== 'select 1') return store.database.open(scope).batch(statements)
          asked += 1
          return batch(statements)
        },
      }
      const scope = { now: Date.now, waitUntil: () => undefined }
      const { fetch } = createRuntime({ database: { ...store.database, open: () => connection } })
      const health = async (): Promise<object> => {
        const response = await fetch(get('/healthz'))
        return { status: response.status, code: ((await response.json()) as { code?: string }).code }
      }
      expect(await Promise.all([health(), health(), health()])).toEqual(Array(3).fill({ status: 200 }))
      expect(asked).toBe(1)
      batch = async () => {
        throw new DatabaseError('gone', { sqlState: '08006' })
      }
      expect(await health()).toEqual({ status: 200 })
      vi.advanceTimersByTime(1000)
      expect(await health()).toEqual({ status: 503, code: 'DATABASE_UNREACHABLE' })
      batch = () => new Promise(() => undefined)
      vi.advanceTimersByTime(1000)
      const waiting = health()
      await vi.advanceTimersByTimeAsync(2000)
      expect(await waiting).toEqual({ status: 503, code: 'DATABASE_UNREACHABLE' })
      batch = async () => []
      vi.advanceTimersByTime(1000)
      expect(await health()).toEqual({ status: 200 })
      expect(asked).toBe(4)
    } finally {
      vi.useRealTimers()
    }
  })

  test('a schema that is not live says what to run', async () => {
    const { ready } = createRuntime({ database: store.database, schemas: [schemaNamed('shop')] })
    await expect(ready()).rejects.toMatchObject({
      code: 'SCHEMA_NOT_MIGRATED',
      hint: expect.stringContaining('backsaas migrate'),
    })
  })

  test('a path that is not there and a name given twice are clear errors', async () => {
    const path = createRuntime({ database: store.database, schemas: ['./no-such.yaml'] })
    await expect(path.ready()).rejects.toMatchObject({ code: 'SCHEMA_UNREADABLE', message: /no-such\.yaml.*ENOENT/ })
    const twice = createRuntime({ database: store.database, schemas: [CRM], plugins: [{ name: 'p', schema: CRM }] })
    await expect(twice.ready()).rejects.toMatchObject({ code: 'SCHEMA_CONFLICT', message: /plugin p.*schemas\[0\]/ })
  })
})

describe('observe and close', () => {
  test('a request is observed with tenant, caller and stages; its query and key are not', async () => {
    const seen: Observation[] = []
    const { fetch } = createRuntime({ database: store.database, observe: (one) => seen.push(one) })
    await fetch(get('/t/acme/rest/v1/notes?name=eq.secret', { apikey: acmeKey }))
    const request = seen.find(({ kind }) => kind === 'request')
    expect(request).toMatchObject({ method: 'GET', path: '/t/acme/rest/v1/notes', status: 200, tenant: 'acme' })
    expect(seen.map((one) => (one.kind === 'stage' ? one.stage : one.kind))).toContain('identify')
    const text = JSON.stringify(seen)
    expect(text).not.toContain('secret')
    expect(text).not.toContain(acmeKey)
  })

  test('close lets no one in, waits for who is inside and their own requests, then closes the database', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const handle = async ({
      for: dataClient,
    }: {
      for: Parameters<NonNullable<Plugin['routes']>[number]['handle']>[0]['for']
    }) => {
      await held
      const { data } = await dataClient({ tenant: 'acme', id: 'x' }).from('notes').select('id')
      return Response.json(data)
    }
    const route = { method: 'GET', path: '/slow', summary: '', responses: {}, handle } as const
    const backsaas = createRuntime({ database: store.database, plugins: [{ name: 'slow', routes: [route] }] })
    await backsaas.ready()
    const slow = backsaas.fetch(get('/slow', { apikey: acmeKey }))
    await new Promise((resolve) => setTimeout(resolve, 10))
    const closed = backsaas.close()
    const refused = await backsaas.fetch(get('/healthz'))
    expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('connection')]).toEqual([
      503,
      '1',
      'close',
    ])
    expect(store.closed).toBe(false)
    release()
    expect(await (await slow).json()).toMatchObject({ tenant: ACME })
    await closed
    expect(store.closed).toBe(true)
  })

  test('close waits no longer than it is told', async () => {
    fake.run = () => new Promise(() => undefined)
    const backsaas = createRuntime({ database: store.database })
    void backsaas.fetch(get('/rest/v1/notes', { apikey: acmeKey }))
    await new Promise((resolve) => setTimeout(resolve, 10))
    await backsaas.close({ drainMs: 20 })
    expect(store.closed).toBe(true)
  })
})
