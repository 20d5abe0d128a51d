import type { AdmitContext, ArriveContext, JsonObject, Principal } from '@backsaas/core'
import { describe, expect, test, vi } from 'vitest'
import { ACME, GLOBEX, registryOf } from '../../test/issuers.ts'
import { type GatewayOptions, gateway, type LimitStore } from './gateway.ts'

interface Asked {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly remoteAddress?: string | null
  readonly settings?: JsonObject
  readonly named?: string | null
}

function arriving({ method = 'GET', headers = {}, remoteAddress = '203.0.113.9', settings, named = 'acme' }: Asked): {
  context: ArriveContext
  told: Map<string, string>
  end: () => void
} {
  const told = new Map<string, string>()
  const endings: (() => void)[] = []
  const rows: Record<string, readonly JsonObject[]> = settings ? { [`${ACME.id} settings`]: [settings] } : {}
  const context: ArriveContext = {
    ...registryOf(rows, named).context,
    request: new Request('https://api.test/t/acme/rest/v1/notes', { method, headers }),
    requestId: 'r1',
    remoteAddress,
    setHeader: (name, value) => told.set(name, value),
    ended: (callback) => endings.push(callback),
  }
  return { context, told, end: () => endings.forEach((ending) => void ending()) }
}

const PRINCIPAL: Principal = { tenant: 'acme', id: 'u1', kind: 'user', roles: [] }

function stages(options: GatewayOptions): {
  arrive: (context: ArriveContext) => Promise<Response | null>
  admit: (context: AdmitContext) => Promise<void>
} {
  const { arrive, admit } = gateway(options).stages ?? {}
  return {
    arrive: async (context) => (await arrive?.(context)) ?? null,
    admit: async (context) => admit?.(context),
  }
}

describe('pages of other origins', () => {
  const PREFLIGHT = { 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'apikey' }
  const options = { cors: { origins: ['https://app.acme.test'] } }

  test('that are named may call: the preflight is answered, and the answer can be read', async () => {
    const { arrive } = stages(options)
    const asked = arriving({ method: 'OPTIONS', headers: { origin: 'https://app.acme.test', ...PREFLIGHT } })
    const response = await arrive(asked.context)
    expect(response?.status).toBe(204)
    expect(response?.headers.get('access-control-allow-methods')).toContain('PATCH')
    expect(response?.headers.get('access-control-allow-headers')).toContain('apikey')
    expect(asked.told.get('access-control-allow-origin')).toBe('https://app.acme.test')
    expect(asked.told.has('access-control-allow-credentials')).toBe(false)
    expect(asked.told.get('vary')).toBe('origin')
  })

  test('that the tenant names may call that tenant alone', async () => {
    const { arrive } = stages({})
    const origin = 'https://crm.acme.test'
    const settings = { origins: [origin] }
    const own = arriving({ method: 'POST', headers: { origin }, settings })
    expect(await arrive(own.context)).toBeNull()
    expect(own.told.get('access-control-allow-origin')).toBe(origin)
    for (const named of ['globex', null])
      await expect(
        arrive(arriving({ method: 'POST', headers: { origin }, settings, named }).context),
      ).rejects.toMatchObject({
        code: 'ORIGIN_REFUSED',
        status: 403,
      })
  })

  test.each([
    'null',
    'https://app.acme.test.evil.test',
    'https://evil-app.acme.test',
    'https://evil.test/https://app.acme.test',
    'https://app.acme.test/',
    'https://app.acme.test:8443',
    'http://app.acme.test',
    'https://APP.acme.test',
    'https://app.acme.test@evil.test',
    'https://app.acme.test\\.evil.test',
    'file://',
    '*',
  ])('%s may write nothing, and read nothing of the answer', async (origin) => {
    const { arrive } = stages(options)
    const settings = { origins: ['https://app.acme.test'] }
    const write = arriving({ method: 'POST', headers: { origin, 'content-type': 'text/plain' }, settings })
    await expect(arrive(write.context)).rejects.toMatchObject({ code: 'ORIGIN_REFUSED' })
    const read = arriving({ headers: { origin }, settings })
    expect(await arrive(read.context)).toBeNull()
    const preflight = arriving({ method: 'OPTIONS', headers: { origin, ...PREFLIGHT }, settings })
    const response = await arrive(preflight.context)
    expect(response?.headers.has('access-control-allow-methods')).toBe(false)
    for (const { told } of [write, read, preflight]) expect(told.has('access-control-allow-origin')).toBe(false)
  })

  test('any origin brings no credentials, and credentials no foreign origin', async () => {
    expect(() => gateway({ cors: { origins: ['*'], credentials: true } })).toThrow('cors')
    expect(() => gateway({ cors: { origins: ['app.acme.test'] } })).toThrow('no origin')
    const open = arriving({ headers: { origin: 'https://any.test' } })
    await stages({ cors: { origins: ['*'] } }).arrive(open.context)
    expect(open.told.get('access-control-allow-origin')).toBe('*')
    const session = arriving({ headers: { origin: 'https://app.acme.test' } })
    await stages({ cors: { ...options.cors, credentials: true } }).arrive(session.context)
    expect(session.told.get('access-control-allow-credentials')).toBe('true')
    // What a tenant names may call, but not with cookies of the operator's session.
    const tenants = arriving({ headers: { origin: 'https://x.test' }, settings: { origins: ['https://x.test'] } })
    await stages({ cors: { ...options.cors, credentials: true } }).arrive(tenants.context)
    expect(tenants.told.has('access-control-allow-credentials')).toBe(false)
  })

  test('requests without an origin are none', async () => {
    const asked = arriving({ method: 'POST' })
    expect(await stages(options).arrive(asked.context)).toBeNull()
    expect(asked.told.get('content-security-policy')).toContain("default-src 'none'")
  })
})

describe('rate limits', () => {
  const two = { points: 2, seconds: 60 }
  const admitted = (
    extra: Partial<AdmitContext> = {},
  ): { context: AdmitContext; told: Map<string, string>; end: () => void } => {
    const { context, told, end } = arriving({})
    return { context: { ...context, principal: PRINCIPAL, admitted: ACME, operations: 1, ...extra }, told, end }
  }

  test('by address: rotating headers and addresses of one network fill one bucket', async () => {
    const { arrive } = stages({ limits: { ip: two }, trustedProxies: ['10.0.0.0/8'] })
    const ask = (remoteAddress: string, forwarded: string): Promise<unknown> =>
      arrive(arriving({ remoteAddress, headers: { 'x-forwarded-for': forwarded } }).context)
    await ask('203.0.113.9', '1.1.1.1')
    await ask('203.0.113.9', '2.2.2.2')
    await expect(ask('203.0.113.9', '3.3.3.3')).rejects.toMatchObject({ code: 'RATE_LIMITED', status: 429 })
    await expect(ask('10.0.0.1', '9.9.9.9, 203.0.113.9')).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    for (const last of ['1', '2']) await ask(`2001:db8::${last}`, '')
    await expect(ask('2001:db8::3', '')).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    await ask('2001:db8:0:1::3', '')
  })

  test('each operation counts, headers tell, and 429 says when to come again', async () => {
    const { admit } = stages({ limits: { tenant: { points: 10, seconds: 60 } } })
    const first = admitted({ operations: 9 })
    await admit(first.context)
    expect(first.told.get('ratelimit-policy')).toBe('"tenant";q=10;w=60')
    expect(first.told.get('ratelimit')).toBe('"tenant";r=1;t=60')
    const second = admitted({ operations: 2 })
    await expect(admit(second.context)).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      headers: { 'retry-after': expect.stringMatching(/^(?:60|59)$/) },
    })
    expect(second.told.get('ratelimit')).toContain('r=0')
    await admit(admitted({ admitted: GLOBEX }).context)
  })

  test('of a plan hold for tenants on it; keys and users are counted apart, ids of any form', async () => {
    const plans = { free: { principal: two }, pro: { principal: { points: 100, seconds: 60 } } }
    const { admit } = stages({ limits: { plans, key: two } })
    const free = { ...ACME, plan: 'free' }
    for (let i = 0; i < 2; i++) await admit(admitted({ admitted: free }).context)
    await expect(admit(admitted({ admitted: free }).context)).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    await admit(admitted({ admitted: free, principal: { ...PRINCIPAL, kind: 'key' } }).context)
    await admit(admitted({ admitted: free, principal: { ...PRINCIPAL, id: 'u1:x *' } }).context)
    for (let i = 0; i < 5; i++)
      await admit(admitted({ admitted: { ...ACME, plan: 'pro' }, principal: { ...PRINCIPAL, id: 'u2' } }).context)
    await admit(admitted({ admitted: { ...ACME, plan: '__proto__' }, principal: { ...PRINCIPAL, id: 'u3' } }).context)
  })

  test('a store that fails is told, and counting goes on here', async () => {
    const failing: LimitStore = { name: 'failing', take: () => Promise.reject(new Error('away')) }
    const onStoreFailure = vi.fn()
    const { admit } = stages({ limits: { tenant: two, store: failing, onStoreFailure } })
    for (let i = 0; i < 2; i++) await admit(admitted().context)
    await expect(admit(admitted().context)).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    expect(onStoreFailure).toHaveBeenCalledTimes(3)
  })

  test.each([
    { points: 0, seconds: 1 },
    { points: 1.5, seconds: 1 },
    { points: 1, seconds: -1 },
  ])('%o is none', (tenant) => {
    expect(() => gateway({ limits: { tenant } })).toThrow('limit')
  })
})

test('requests under way are bounded, and their end makes room', async () => {
  const { arrive } = stages({ shedding: { underWay: 2, lagMs: 60_000 } })
  const all = [arriving({}), arriving({}), arriving({})]
  for (const { context } of all.slice(0, 2)) await arrive(context)
  await expect(arrive(arriving({}).context)).rejects.toMatchObject({ code: 'OVERLOADED', status: 503 })
  all[0]?.end()
  await arrive(arriving({}).context)
})
