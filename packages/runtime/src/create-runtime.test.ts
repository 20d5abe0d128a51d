import { BackSaasError, type Event, type Observation, type Plugin, SYSTEM_TENANT_ID } from '@backsaas/core'
import { Hono } from 'hono'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { ACME, CRM, CRM_PLACEMENT, type FakeStore, fakeStore, GLOBEX, schemaNamed } from '../test/fake-store.ts'
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
  fake.run = async (request) =>
    Response.json({
      tenant: request.tenantId,
      caller: request.principal.id,
      kind: request.principal.kind,
      roles: request.principal.roles,
      entity: request.entity,
      key: request.itemKey,
      basePath: request.basePath,
      schema: request.schema.compiled.name,
      version: request.schema.version,
    })
  acmeKey = await store.addKey(ACME)
})

function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Request {
  return new Request(`http://localhost:8787${path}`, { method, headers })
}

async function problem(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get('content-type')).toContain('application/problem+json')
  return (await response.json()) as Record<string, unknown>
}

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
    expect(options.headers.get('allow')).toBe('GET, HEAD, POST, PATCH, DELETE, OPTIONS')
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
  test('what nobody foresaw is 500 INTERNAL, told to the observer and not to the caller', async () => {
    fake.run = async () => {
      throw new Error('relation "store.secret" does not exist')
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

describe('profiles', () => {
  test('a schema given in code is a profile of every tenant, the registry the last', async () => {
    const shop = schemaNamed('shop')
    store.versions.set(`${CRM_PLACEMENT}:7`, { hash: shop.hash, state: 'live' })
    const { fetch } = createRuntime({ database: store.database, plugins: [{ name: 'shop', schema: shop }] })
    const named = await fetch(get('/rest/v1/notes', { apikey: acmeKey, 'accept-profile': 'shop' }))
    expect(await named.json()).toMatchObject({ version: 7 })
    expect(named.headers.get('content-profile')).toBe('shop')
    const unknown = await fetch(get('/rest/v1/notes', { apikey: acmeKey, 'accept-profile': 'nope' }))
    expect(unknown.status).toBe(406)
    expect(await problem(unknown)).toMatchObject({
      code: 'PGRST106',
      message: 'The schema must be one of the following: crm, shop, platform',
    })
  })

  test('the system tenant has the registry only', async () => {
    const key = await store.addKey(SYSTEM_TENANT_ID)
    const { fetch } = createRuntime({ database: store.database })
    const response = await fetch(get('/t/system/rest/v1/tenants', { apikey: key }))
    expect(await response.json()).toMatchObject({ tenant: SYSTEM_TENANT_ID, schema: 'platform' })
  })

  test('a stale schema is read anew and the request run once more; staying stale is 503', async () => {
    store.versions.set(`${CRM_PLACEMENT}:2`, { hash: 'newer', state: 'live' })
    const seen: number[] = []
    const answerOn = fake.run
    fake.run = async (request) => {
      seen.push(request.schema.version)
      if (request.schema.version === 2) return answerOn(request)
      store.rows.set(`${ACME} installs`, [
        { profile: 'crm', placement_id: CRM_PLACEMENT, version: 2, is_default: true },
      ])
      throw new BackSaasError('STALE_SCHEMA', 503, 'the schema is changing')
    }
    const { fetch } = createRuntime({ database: store.database })
    expect((await fetch(get('/rest/v1/notes', { apikey: acmeKey }))).status).toBe(200)
    expect(seen).toEqual([1, 2])
    fake.run = async () => {
      throw new BackSaasError('STALE_SCHEMA', 503, 'the schema is changing')
    }
    expect((await fetch(get('/rest/v1/notes', { apikey: acmeKey }))).status).toBe(503)
  })
})

describe('plugins', () => {
  const route = {
    method: 'GET',
    path: '/hello/:who',
    summary: 'Says hello',
    responses: { 200: { description: 'hello' } },
  } as const

  test('a route knows its caller and its own parameters, below the tenant too', async () => {
    const plugin: Plugin = {
      name: 'hello',
      routes: [{ ...route, handle: ({ params, principal }) => Response.json({ params, tenant: principal?.tenant }) }],
    }
    const { fetch } = createRuntime({ database: store.database, plugins: [plugin] })
    for (const path of ['/hello/you', '/t/acme/hello/you']) {
      const response = await fetch(get(path, { apikey: acmeKey }))
      expect(await response.json()).toEqual({ params: { who: 'you' }, tenant: 'acme' })
    }
    expect((await fetch(get('/hello/you'))).status).toBe(401)
    const wrong = await fetch(get('/hello/you', {}, 'PUT'))
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
  })

  test('an open route needs no caller, and may be cached as it says', async () => {
    const handle = () => new Response('hi', { headers: { 'cache-control': 'public, max-age=60' } })
    const plugin: Plugin = { name: 'open', routes: [{ ...route, principal: false, handle }] }
    const { fetch } = createRuntime({ database: store.database, plugins: [plugin] })
    const response = await fetch(get('/hello/you'))
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'public, max-age=60'])
  })

  test('identify: the first plugin that names a caller decides, before keys', async () => {
    const pass: Plugin = { name: 'pass', stages: { identify: () => null } }
    const name: Plugin = { name: 'name', stages: { identify: () => ({ tenant: 'globex', id: 'p' }) } }
    const { fetch } = createRuntime({ database: store.database, plugins: [pass, name] })
    expect(await (await fetch(get('/rest/v1/notes'))).json()).toMatchObject({
      tenant: GLOBEX,
      caller: 'p',
      kind: 'user',
    })
  })

  test('respond sees data answers, errors included, and never twice', async () => {
    let count = 0
    const respond = (response: Response) => {
      count += 1
      return new Response(response.body, { status: response.status, headers: { 'x-seen': String(response.status) } })
    }
    const { fetch } = createRuntime({ database: store.database, plugins: [{ name: 'r', stages: { respond } }] })
    const refused = await fetch(get('/rest/v1/notes'))
    expect([refused.status, refused.headers.get('x-seen'), count]).toEqual([401, '401', 1])
    expect(refused.headers.get('cache-control')).toBe('private, no-store')
    expect((await fetch(get('/healthz'))).headers.get('x-seen')).toBeNull()
  })

  test('a respond stage that throws answers 500 once', async () => {
    const respond = () => {
      throw new Error('plugin broke')
    }
    const { fetch } = createRuntime({ database: store.database, plugins: [{ name: 'r', stages: { respond } }] })
    const response = await fetch(get('/rest/v1/notes', { apikey: acmeKey }))
    expect([response.status, (await problem(response)).code]).toEqual([500, 'INTERNAL'])
  })

  test('events reach their handlers; one that fails keeps no other from hearing', async () => {
    const heard: string[] = []
    const seen: Observation[] = []
    let publish: (event: Event) => void | Promise<void> = () => undefined
    let subscribed = true
    const bus = {
      name: 'fake',
      publish: async () => undefined,
      read: async () => [],
      subscribe: async (handler: (event: Event) => void | Promise<void>) => {
        publish = handler
        return () => {
          subscribed = false
        }
      },
    }
    const on = (name: string) => (event: Event) => void heard.push(`${name} ${event.type}`)
    const fails = () => {
      throw new Error('no')
    }
    const backsaas = createRuntime({
      database: store.database,
      bus,
      observe: (one) => seen.push(one),
      plugins: [
        { name: 'a', on: { 'record.created': fails } },
        { name: 'b', on: { 'record.created': on('b'), '*': on('all') } },
      ],
    })
    await backsaas.ready()
    await publish({
      specversion: '1.0',
      id: '1',
      source: '/',
      type: 'record.created',
      time: '',
      datacontenttype: 'application/json',
      data: {},
      tenantid: ACME,
    })
    expect(heard).toEqual(['b record.created', 'all record.created'])
    expect(seen).toContainEqual(expect.objectContaining({ kind: 'error', code: 'EVENT_HANDLER_FAILED' }))
    await backsaas.close()
    expect(subscribed).toBe(false)
  })
})

describe('for', () => {
  test('asks the app itself as the principal named', async () => {
    const backsaas = createRuntime({ database: store.database })
    await backsaas.ready()
    const { data, error } = await backsaas
      .for({ tenant: 'acme', id: 'nightly', kind: 'service', roles: ['admin'] })
      .from('notes')
      .select('id')
    expect(error).toBeNull()
    expect(data).toMatchObject({ tenant: ACME, caller: 'nightly', kind: 'service', basePath: '/rest/v1' })
  })

  test('a principal cannot be claimed from outside', async () => {
    const { fetch } = createRuntime({ database: store.database })
    const claimed = new Request('http://backsaas.internal/rest/v1/notes', { headers: { 'x-tenant': 'acme' } })
    expect((await fetch(claimed)).status).toBe(401)
  })

  test('with a context it is whoever made that request: own identify, or key', async () => {
    const backsaas = createRuntime({
      database: store.database,
      identify: async (c) => (c.req.header('x-user') ? { tenant: 'acme', id: c.req.header('x-user') ?? '' } : null),
    })
    await backsaas.ready()
    const app = new Hono()
    app.get('/report', async (c) => c.json(await backsaas.for(c).from('notes').select('id')))
    const own = (await (await app.fetch(get('/report', { 'x-user': 'ann' }))).json()) as { data: object }
    expect(own.data).toMatchObject({ caller: 'ann', kind: 'user' })
    const key = (await (await app.fetch(get('/report', { apikey: acmeKey }))).json()) as { data: object }
    expect(key.data).toMatchObject({ tenant: ACME, kind: 'key' })
    const none = (await (await app.fetch(get('/report'))).json()) as { error: object }
    expect(none.error).toMatchObject({ code: 'AUTH_REQUIRED' })
  })

  test('before it is loaded it says so', () => {
    const backsaas = createRuntime({ database: store.database })
    expect(() => backsaas.for({ tenant: 'acme', id: 'x' })).toThrow(
      expect.objectContaining({ code: 'CLIENT_NOT_READY', hint: expect.stringContaining('ready()') }),
    )
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
