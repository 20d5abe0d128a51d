import { BackSaasError, type Event, type Observation, type Plugin, type RouteContext } from '@backsaas/core'
import { Hono } from 'hono'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { ACME, type FakeStore, fakeStore, GLOBEX } from '../../test/fake-store.ts'
import { echo, get, problem } from '../../test/requests.ts'
import { createRuntime } from '../create-runtime.ts'
import type { DataRequest } from '../stages/data-request.ts'

function eventAt(position: number, type: string): Event {
  return {
    specversion: '1.0',
    id: crypto.randomUUID(),
    source: '/test',
    type,
    time: '2024-01-01T00:00:00Z',
    datacontenttype: 'application/json',
    data: {},
    tenantid: ACME,
    position,
  }
}

const fake = vi.hoisted(() => ({
  store: null as unknown as FakeStore,
  run: null as unknown as (request: DataRequest) => Promise<Response>,
}))
vi.mock('../stages/run-stages.ts', () => ({
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

  test('a route is told its tenant; an open one the name that was asked for, and that names agree', async () => {
    const handle = ({ tenant, params }: RouteContext) => Response.json({ tenant, params })
    const plugin: Plugin = {
      name: 'hello',
      routes: [
        { ...route, path: '/open', principal: false, handle },
        { ...route, path: '/closed', handle },
      ],
    }
    const { fetch } = createRuntime({ database: store.database, plugins: [plugin], hostSuffix: 'example.com' })
    const told = async (url: string, headers = {}) => (await fetch(new Request(`http://${url}`, { headers }))).json()
    expect(await told('localhost/closed', { apikey: acmeKey })).toEqual({ tenant: 'acme', params: {} })
    expect(await told('localhost/open')).toEqual({ params: {} })
    expect(await told('localhost/t/acme/open')).toEqual({ tenant: 'acme', params: {} })
    expect(await told('localhost/open', { 'x-tenant': 'nobody' })).toEqual({ tenant: 'nobody', params: {} })
    expect(await told('acme.example.com/open')).toEqual({ tenant: 'acme', params: {} })
    expect(await told('acme.example.com/t/globex/open')).toMatchObject({ code: 'TENANT_MISMATCH', status: 400 })
    expect(await told('localhost/t/No!/open')).toMatchObject({ code: 'TENANT_NAME_INVALID' })
  })

  test('the limit on bodies holds for routes, whether or not the request says its length', async () => {
    const handle = async ({ request }: RouteContext) =>
      Response.json({ size: (await request.arrayBuffer()).byteLength })
    const plugin: Plugin = { name: 'upload', routes: [{ ...route, method: 'POST', path: '/upload', handle }] }
    const limits = { bodyBytes: 1000 }
    const { fetch } = createRuntime({ database: store.database, plugins: [plugin], limits })
    const send = (size: number, told: boolean) => {
      const bytes = new Uint8Array(size)
      const headers = { apikey: acmeKey, ...(told ? { 'content-length': String(size) } : {}) }
      const body = told ? bytes : new Blob([bytes]).stream()
      return fetch(
        new Request('http://localhost/upload', { method: 'POST', headers, body, duplex: 'half' } as RequestInit),
      )
    }
    for (const told of [true, false]) {
      expect(await (await send(1000, told)).json()).toEqual({ size: 1000 })
      const refused = await send(1001, told)
      expect([refused.status, (await problem(refused)).code]).toEqual([413, 'BODY_TOO_LARGE'])
    }
  })

  test('a declared error answers with its declared status, one that nobody declares is told to the operator', async () => {
    const seen: Observation[] = []
    let code = 'FULL'
    const fails = async () => {
      throw new BackSaasError(code, 418, 'no room', { hint: 'Make some.' })
    }
    const plugin: Plugin = {
      name: 'hello',
      errors: { FULL: { status: 409, message: '' } },
      routes: [{ ...route, path: '/fails', principal: false, handle: fails }],
      stages: { identify: (request) => (request.headers.has('x-fail') ? fails() : null) },
    }
    const observe = (one: Observation) => void seen.push(one)
    const { fetch } = createRuntime({ database: store.database, plugins: [plugin], observe })
    const ask = async () => [await fetch(get('/fails')), await fetch(get('/rest/v1/notes', { 'x-fail': '1' }))]
    for (const response of await ask())
      expect(await problem(response)).toMatchObject({
        code: 'FULL',
        status: 409,
        message: 'no room',
        hint: 'Make some.',
      })
    expect(seen.filter(({ kind }) => kind === 'error')).toEqual([])
    code = 'EMPTY'
    for (const response of await ask()) expect(await problem(response)).toMatchObject({ code: 'EMPTY', status: 418 })
    const told = seen.flatMap((one) => (one.kind === 'error' ? [`${one.code} ${String(one.error)}`] : []))
    expect(told).toHaveLength(2)
    for (const one of told) expect(one).toMatch(/PLUGIN_ERROR_UNDECLARED .*plugin hello threw EMPTY/)
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
    await publish(eventAt(1, 'record.created'))
    expect(heard).toEqual(['b record.created', 'all record.created'])
    expect(seen).toContainEqual(expect.objectContaining({ kind: 'error', code: 'EVENT_HANDLER_FAILED' }))
    await backsaas.close()
    expect(subscribed).toBe(false)
  })

  test('without a bus there is one in memory, closed with the runtime', async () => {
    const heard: Event[] = []
    const plugin: Plugin = { name: 'a', on: { 'record.created': (event) => void heard.push(event) } }
    const backsaas = createRuntime({ database: store.database, plugins: [plugin] })
    await backsaas.ready()
    const event = eventAt(1, 'record.created')
    await backsaas.bus.publish([event])
    await expect.poll(() => heard).toEqual([event])
    await backsaas.close()
    await expect(backsaas.bus.publish([event])).rejects.toMatchObject({ code: 'BUS_CLOSED' })
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
