import { BackSaasError } from '@backsaas/core'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { ACME, type FakeStore, fakeStore, GLOBEX } from '../../test/fake-store.ts'
import { createRuntime } from '../create-runtime.ts'
import type { Runtime, RuntimeOptions } from '../runtime-options.ts'
import type { DataRequest } from './data-request.ts'

const fake = vi.hoisted(() => ({ store: null as unknown as FakeStore }))
vi.mock('./run-stages.ts', () => ({
  readRows: (_connection: unknown, _schema: unknown, tenantId: string, entity: string, query: string) =>
    fake.store.readRows(tenantId, entity, query),
  runStages: async ({ tenantId, principal }: DataRequest) => Response.json({ tenantId, principal }),
}))

let store: FakeStore
let acmeKey: string

beforeEach(async () => {
  store = fakeStore()
  fake.store = store
  acmeKey = await store.addKey(ACME)
})

function runtime(options: Partial<RuntimeOptions> = {}): Runtime {
  return createRuntime({ database: store.database, hostSuffix: 'example.com', ...options })
}

async function ask(
  backsaas: Runtime,
  path: string,
  headers: Record<string, string> = {},
  host = 'localhost:8787',
): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
  const response = await backsaas.fetch(new Request(`http://${host}${path}`, { headers }))
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    headers: response.headers,
  }
}

describe('the tenant', () => {
  test('is named by host, registered host, path, header or key, all alike', async () => {
    const backsaas = runtime()
    const apikey = acmeKey
    for (const [path, headers, host] of [
      ['/rest/v1/notes', { apikey }, 'acme.example.com'],
      ['/rest/v1/notes', { apikey }, 'crm.acme.test'],
      ['/t/acme/rest/v1/notes', { apikey }, 'localhost'],
      [`/t/${ACME.toUpperCase()}/rest/v1/notes`, { apikey }, 'localhost'],
      ['/rest/v1/notes', { apikey, 'x-tenant': 'acme' }, 'unregistered.host.test'],
      ['/t/acme/rest/v1/notes', { apikey, 'x-tenant': ACME }, 'acme.example.com'],
    ] as const)
      expect(await ask(backsaas, path, headers, host)).toMatchObject({ status: 200, body: { tenantId: ACME } })
  })

  test('named differently is 400, wherever the names stand', async () => {
    const backsaas = runtime()
    const apikey = acmeKey
    for (const [path, headers, host] of [
      ['/t/globex/rest/v1/notes', { apikey }, 'localhost'],
      ['/rest/v1/notes', { apikey, 'x-tenant': 'globex' }, 'localhost'],
      ['/rest/v1/notes', { apikey }, 'globex.example.com'],
      ['/t/nobody/rest/v1/notes', { apikey }, 'localhost'],
      ['/rest/v1/notes', { apikey, 'x-tenant': crypto.randomUUID() }, 'localhost'],
      ['/rest/v1/notes', { apikey }, 'nobody.example.com'],
      ['/t/acme/rest/v1/notes', { apikey, 'x-tenant': 'globex' }, 'localhost'],
    ] as const)
      expect(await ask(backsaas, path, headers, host)).toMatchObject({ status: 400, body: { code: 'TENANT_MISMATCH' } })
    const named = runtime({ identify: () => ({ tenant: 'acme', id: 'u' }) })
    expect((await ask(named, '/t/globex/rest/v1/notes')).body).toMatchObject({ code: 'TENANT_MISMATCH' })
  })

  test('a text that can be no tenant is 400 and never looked up', async () => {
    const backsaas = runtime()
    await backsaas.ready()
    for (const name of ['a:b', '*', 'a%00b', 'ACME', '%E2%80%A8', 'a', `a${'b'.repeat(63)}`, "a'--", '__proto__'])
      expect(await ask(backsaas, `/t/${name}/rest/v1/notes`, { apikey: acmeKey })).toMatchObject({
        status: 400,
        body: { code: 'TENANT_NAME_INVALID' },
      })
    expect((await ask(backsaas, '/rest/v1/notes', { 'x-tenant': 'a,b' })).status).toBe(400)
    expect((await ask(backsaas, '/rest/v1/notes', {}, 'a.b.example.com')).status).toBe(400)
    expect(store.reads).toEqual([])
  })

  test('without a caller it is 401, with a key of another 400, whether or not there is such a tenant', async () => {
    const backsaas = runtime()
    const forged = acmeKey.replace(/.{4}$/, 'AAAA')
    for (const [headers, status] of [
      [{}, 401],
      [{ apikey: forged }, 401],
      [{ apikey: acmeKey }, 400],
    ] as [Record<string, string>, number][]) {
      const told = async (path: string, extra: object, host?: string) => {
        const { status, body } = await ask(backsaas, path, { ...headers, ...extra }, host)
        return { ...body, status, instance: '', requestId: '' }
      }
      const there = await told('/t/globex/rest/v1/notes', {})
      expect(there.status).toBe(status)
      expect(await told('/t/nobody/rest/v1/notes', {})).toEqual(there)
      for (const name of ['globex', 'nobody']) {
        expect(await told('/rest/v1/notes', { 'x-tenant': name })).toEqual(there)
        expect(await told('/rest/v1/notes', {}, `${name}.example.com`)).toEqual(there)
      }
    }
  })

  test('unknown is 404 to who is identified otherwise', async () => {
    const named = runtime({ identify: () => ({ tenant: 'nobody', id: 'u' }) })
    expect(await ask(named, '/rest/v1/notes')).toMatchObject({ status: 404, body: { code: 'TENANT_UNKNOWN' } })
  })

  test('suspended is 403 to who has proven a key of it, and 401 like any other to the rest', async () => {
    const rows = [...store.rows].find(([name]) => name.endsWith(' tenants'))?.[1] ?? []
    rows[0] = { ...rows[0], status: 'suspended' }
    const backsaas = runtime()
    expect(await ask(backsaas, '/rest/v1/notes', { apikey: acmeKey })).toMatchObject({
      status: 403,
      body: { code: 'TENANT_SUSPENDED' },
    })
    const forged = acmeKey.replace(/.{4}$/, 'AAAA')
    const unknown = acmeKey.replace(/^bsk_[0-9a-f]{32}/, `bsk_${'9'.repeat(32)}`)
    const answers = [await ask(backsaas, '/rest/v1/notes', { apikey: forged })]
    answers.push(await ask(backsaas, '/rest/v1/notes', { apikey: unknown }))
    // The fence of the database lets no row of it be read: its keys cannot be proven then.
    fake.store.readRows = async (tenantId, _entity, query) => {
      if (tenantId === ACME) throw new BackSaasError('TENANT_SUSPENDED', 403, 'this tenant is suspended')
      return rows.filter((row) => query.includes(String(row.id)))
    }
    answers.push(await ask(runtime(), '/rest/v1/notes', { apikey: acmeKey }))
    for (const { status, body } of answers) {
      expect(status).toBe(401)
      expect({ ...body, requestId: '' }).toEqual({ ...answers[0]?.body, requestId: '' })
    }
  })
})

describe('the key', () => {
  test('is taken from apikey, from Bearer, or the same from both', async () => {
    const backsaas = runtime()
    for (const headers of [
      { apikey: acmeKey },
      { authorization: `Bearer ${acmeKey}` },
      { authorization: `bearer ${acmeKey}`, apikey: acmeKey },
    ] as const)
      expect((await ask(backsaas, '/rest/v1/notes', headers as Record<string, string>)).status).toBe(200)
    const other = await store.addKey(GLOBEX)
    expect(await ask(backsaas, '/rest/v1/notes', { apikey: acmeKey, authorization: `Bearer ${other}` })).toMatchObject({
      status: 401,
      body: { code: 'KEYS_DIFFER' },
    })
  })

  test('missing is 401 and says how to send one', async () => {
    const { status, body, headers } = await ask(runtime(), '/rest/v1/notes')
    expect([status, body.code, body.hint]).toEqual([401, 'AUTH_REQUIRED', expect.stringContaining('apikey')])
    expect(headers.get('www-authenticate')).toBe('Bearer realm="backsaas"')
  })

  test('unknown tenant, unknown prefix, wrong secret, expired, revoked and malformed answer alike', async () => {
    const backsaas = runtime()
    expect((await ask(backsaas, '/rest/v1/notes', { apikey: acmeKey })).status).toBe(200)
    const last = acmeKey.endsWith('A') ? 'B' : 'A'
    const answers: object[] = []
    for (const apikey of [
      `${acmeKey.slice(0, -1)}${last}`,
      acmeKey.replace(/_[0-9a-f]{12}_/, '_000000000000_'),
      acmeKey.replace(/^bsk_[0-9a-f]{32}/, `bsk_${'9'.repeat(32)}`),
      await store.addKey(ACME, ['admin'], { expires_at: '2020-01-01T00:00:00+00:00' }),
      await store.addKey(ACME, ['admin'], { revoked_at: '2020-01-01T00:00:00+00:00' }),
      'eyJhbGciOiJub25lIn0.e30.',
    ]) {
      const { status, body, headers } = await ask(backsaas, '/rest/v1/notes', { apikey })
      answers.push({ status, ...body, requestId: '', challenge: headers.get('www-authenticate') })
    }
    expect(answers[0]).toMatchObject({ status: 401, code: 'KEY_INVALID' })
    for (const answer of answers) expect(answer).toEqual(answers[0])
  })

  test('revoked and expired bite within ten seconds, a new key at once', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const backsaas = runtime()
      const expiring = await store.addKey(ACME, ['admin'], { expires_at: new Date(Date.now() + 3000).toISOString() })
      for (const apikey of [acmeKey, expiring])
        expect((await ask(backsaas, '/rest/v1/notes', { apikey })).status).toBe(200)
      const keys = store.rows.get(`${ACME} api_keys`) ?? []
      keys[0] = { ...keys[0], revoked_at: new Date().toISOString() }
      vi.advanceTimersByTime(3001)
      expect((await ask(backsaas, '/rest/v1/notes', { apikey: expiring })).status).toBe(401)
      vi.advanceTimersByTime(7000)
      expect((await ask(backsaas, '/rest/v1/notes', { apikey: acmeKey })).status).toBe(401)
    } finally {
      vi.useRealTimers()
    }
  })

  test('is looked up once for many requests at a time', async () => {
    const backsaas = runtime()
    await backsaas.ready()
    store.reads.length = 0
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ask(backsaas, '/rest/v1/notes', { apikey: acmeKey })),
    )
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(store.reads.map((read) => read.split(' ')[1])).toEqual(['tenants', 'api_keys', 'installs'])
  })
})

describe('identify of the developer', () => {
  test('decides before plugins and keys; null passes on', async () => {
    const plugin = { name: 'p', stages: { identify: () => ({ tenant: 'acme', id: 'plugin' }) } }
    const identify: RuntimeOptions['identify'] = (c) =>
      c.req.header('x-own') ? { tenant: 'acme', id: 'own', roles: ['sales'] } : null
    const backsaas = runtime({ plugins: [plugin], identify })
    expect((await ask(backsaas, '/rest/v1/notes', { 'x-own': '1' })).body).toEqual({
      tenantId: ACME,
      principal: { tenant: 'acme', id: 'own', kind: 'user', roles: ['sales'] },
    })
    expect((await ask(backsaas, '/rest/v1/notes')).body).toMatchObject({ principal: { id: 'plugin' } })
  })

  test('that answers no identity is our fault, not the caller’s', async () => {
    const backsaas = runtime({ identify: () => ({ tenant: 'acme', id: 7 }) as never })
    expect(await ask(backsaas, '/rest/v1/notes')).toMatchObject({ status: 500, body: { code: 'IDENTITY_INVALID' } })
  })
})
