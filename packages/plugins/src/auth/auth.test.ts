import type { IdentifyContext, Identity } from '@backsaas/core'
import { base64url, SignJWT } from 'jose'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import {
  ACME,
  AUDIENCE,
  bearer,
  GLOBEX,
  ISSUER,
  newKey,
  registryOf,
  signed,
  type TestKey,
  unsigned,
} from '../../test/issuers.ts'
import { type AuthOptions, auth } from './auth.ts'

let key: TestKey
let other: TestKey

beforeAll(async () => {
  key = await newKey('k1')
  other = await newKey('k1')
})

function identifying(options: AuthOptions): (token: string, context?: IdentifyContext) => Promise<Identity | null> {
  const { identify } = auth(options).stages ?? {}
  return async (token, context = registryOf().context) => (await identify?.(bearer(token), context)) ?? null
}

function trusting(extra: object = {}): AuthOptions {
  return { issuers: [{ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key.jwk] }, ...extra }] }
}

const INVALID = { code: 'PGRST301', status: 401 }
const CLAIMS = { code: 'PGRST303', status: 401 }

describe('a token that holds', () => {
  test('says tenant, id, roles and email', async () => {
    const token = await signed(key, { roles: ['sales', 'support'], email: 'ada@example.test' })
    expect(await identifying(trusting())(token)).toEqual({
      tenant: ACME.id,
      id: 'ada',
      kind: 'user',
      roles: ['sales', 'support'],
      email: 'ada@example.test',
      account: { issuer: ISSUER, subject: 'ada' },
    })
  })

  test('has its claims where the issuer puts them', async () => {
    const claims = { tenant: 'app_metadata.org', roles: 'https://example.test/roles', id: 'uid' }
    const token = await signed(key, {
      tenant: undefined,
      app_metadata: { org: 'globex' },
      'https://example.test/roles': 'sales',
      uid: 'u7',
    })
    expect(await identifying(trusting({ claims }))(token)).toMatchObject({
      tenant: GLOBEX.id,
      id: 'u7',
      roles: ['sales'],
    })
  })

  test('has roles of its issuer besides, and of its own those that the issuer may name', async () => {
    const token = await signed(key, { roles: ['admin', 'sales', 'not a role'] })
    const identity = await identifying(trusting({ roles: ['everyone'], allowedRoles: ['sales'] }))(token)
    expect(identity?.roles).toEqual(['everyone', 'sales'])
  })

  test('does not lend an unverified email', async () => {
    const token = await signed(key, { email: 'ceo@example.test', email_verified: false })
    expect(await identifying(trusting())(token)).not.toHaveProperty('email')
  })

  test('is verified once, and again after some minutes', async () => {
    const verify = vi.spyOn(crypto.subtle, 'verify')
    const ask = identifying(trusting())
    const token = await signed(key)
    const looked = registryOf()
    for (let i = 0; i < 3; i++) await ask(token, looked.context)
    expect(verify).toHaveBeenCalledTimes(1)
    looked.nowMs = 301_000
    await ask(token, looked.context)
    expect(verify).toHaveBeenCalledTimes(2)
    looked.nowMs = 700_000
    await expect(ask(token, looked.context)).rejects.toMatchObject({ ...CLAIMS, message: 'JWT expired' })
    verify.mockRestore()
  })

  test('shared secrets are taken where they are given', async () => {
    const secret = 'a-secret-that-is-shared-with-the-issuer'
    const token = await new SignJWT({ tenant: 'acme' })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject('ada')
      .setExpirationTime('1m')
      .sign(new TextEncoder().encode(secret))
    const issuers = [{ issuer: ISSUER, audience: AUDIENCE, secret }]
    expect(await identifying({ issuers })(token)).toMatchObject({ id: 'ada' })
    expect(() => auth({ issuers: [{ issuer: ISSUER, audience: AUDIENCE, secret: 'short' }] })).toThrow('32 bytes')
  })

  test('without a key id is held against every key that fits', async () => {
    const second = await newKey('k2')
    const token = await signed(second, {}, { kid: undefined })
    expect(await identifying(trusting({ jwks: { keys: [key.jwk, second.jwk] } }))(token)).toMatchObject({ id: 'ada' })
    await expect(
      identifying(trusting({ jwks: { keys: [key.jwk, second.jwk] } }))(await signed(other, {}, { kid: undefined })),
    ).rejects.toMatchObject(INVALID)
  })

  test('what is no token passes to whoever else names callers', async () => {
    for (const text of ['bsk_0123', 'abc', 'a.b', 'a.b.c.d', 'a b.c.d'])
      expect(await identifying(trusting())(text)).toBeNull()
    const { identify } = auth(trusting()).stages ?? {}
    expect(identify?.(new Request('http://localhost/'), registryOf().context)).toBeNull()
  })
})

describe('a token that does not hold is 401', () => {
  const nowS = Math.floor(Date.now() / 1000)
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'ada', tenant: 'acme', exp: nowS + 600 }

  test.each<[string, () => string | Promise<string>, object]>([
    ['alg none', () => unsigned({ alg: 'none' }, claims), INVALID],
    ['alg None, with a signature', () => unsigned({ alg: 'None' }, claims, 'AAAA'), INVALID],
    ['no alg', () => unsigned({}, claims, 'AAAA'), INVALID],
    ['alg is a list', () => unsigned({ alg: ['ES256'] }, claims, 'AAAA'), INVALID],
    ['HS256 with the public key', () => signedByPublicKey(), INVALID],
    ['another key of the same id', () => signed(other), INVALID],
    ['its own key in the header', () => signed(other, {}, { jwk: other.jwk }), INVALID],
    ['an address of keys in the header', () => signed(other, {}, { jku: 'https://evil.test/jwks' }), INVALID],
    ['the address of a certificate', () => signed(other, {}, { x5u: 'https://evil.test/x' }), INVALID],
    ['a right signature and an address of keys', () => signed(key, {}, { jku: 'https://evil.test/jwks' }), INVALID],
    ['a key id that leads elsewhere', () => signed(other, {}, { kid: '../../../dev/null' }), INVALID],
    ['a key id of SQL', () => signed(other, {}, { kid: "' or 1=1 --" }), INVALID],
    ['a key id of a prototype', () => signed(other, {}, { kid: '__proto__' }), INVALID],
    [
      'a crit that nobody knows',
      () => signed(key, {}, { crit: ['https://example.test/known'], 'https://example.test/known': 1 }),
      INVALID,
    ],
    ['unencoded payload', () => unsigned({ alg: 'ES256', b64: false, crit: ['b64'] }, claims, 'AAAA'), INVALID],
    ['a kind of its own', () => signed(key, {}, { typ: 'logout+jwt' }), INVALID],
    ['a service token of an issuer of users', () => signed(key, {}, { typ: 'service+jwt' }), INVALID],
    ['another issuer', () => signed(key, { iss: 'https://evil.test' }), INVALID],
    ['an issuer with a slash more', () => signed(key, { iss: `${ISSUER}/` }), INVALID],
    ['no issuer', () => signed(key, { iss: undefined }), INVALID],
    ['another audience', () => signed(key, { aud: 'shop' }), CLAIMS],
    ['an audience that begins alike', () => signed(key, { aud: ['crm2'] }), CLAIMS],
    ['no audience', () => signed(key, { aud: undefined }), CLAIMS],
    ['expired', () => signed(key, { exp: nowS - 60 }), { ...CLAIMS, message: 'JWT expired' }],
    ['without end', () => signed(key, { exp: undefined }), CLAIMS],
    ['an end that is text', () => signed(key, { exp: '9999999999' }), CLAIMS],
    ['not valid yet', () => signed(key, { nbf: nowS + 60 }), CLAIMS],
    ['no subject', () => signed(key, { sub: undefined }), CLAIMS],
    ['a subject with NUL', () => signed(key, { sub: 'a\u0000b' }), CLAIMS],
    ['a subject that is none', () => signed(key, { sub: { toString: 1 } }), CLAIMS],
    ['a tenant that is none', () => signed(key, { tenant: ['acme'] }), CLAIMS],
    ['no tenant', () => signed(key, { tenant: undefined }), CLAIMS],
    ['roles that are none', () => signed(key, { roles: { admin: true } }), CLAIMS],
    ['too long', () => signed(key, { pad: 'x'.repeat(9000) }), INVALID],
    ['a payload that is no object', () => unsigned({ alg: 'ES256' }, ['a'], 'AAAA'), INVALID],
    ['no JSON', () => 'e30.e31.AAAA', INVALID],
    ['a signature of no bytes', async () => (await signed(key)).replace(/[^.]*$/, ''), INVALID],
    [
      'a signature of nulls',
      async () => (await signed(key)).replace(/[^.]*$/, base64url.encode(new Uint8Array(64))),
      INVALID,
    ],
    [
      'another payload',
      async () =>
        (await signed(key)).replace(/\.[^.]*\./, `.${base64url.encode(JSON.stringify({ ...claims, sub: 'eve' }))}.`),
      INVALID,
    ],
  ])('%s', async (_name, make, refusal) => {
    await expect(identifying(trusting())(await make())).rejects.toMatchObject(refusal)
  })

  test('is told so with a challenge, and nothing of what would have been right', async () => {
    const error = await identifying(trusting())(await signed(key, { aud: 'shop' })).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ headers: { 'www-authenticate': expect.stringContaining('invalid_token') } })
    expect(JSON.stringify([(error as Error).message, (error as { hint: string }).hint])).not.toContain(AUDIENCE)
  })

  test('an issuer of RS256 takes no ES256 of the same key set', async () => {
    await expect(identifying(trusting({ algorithms: ['RS256'] }))(await signed(key))).rejects.toMatchObject(INVALID)
  })

  function signedByPublicKey(): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: key.kid })
      .sign(new TextEncoder().encode(JSON.stringify(key.jwk)))
  }
})

describe('options that would weaken it are refused', () => {
  const issuer = { issuer: ISSUER, audience: AUDIENCE }
  const secret = 'x'.repeat(32)
  test.each<[string, () => object]>([
    ['none', () => ({ ...issuer, jwks: { keys: [key.jwk] }, algorithms: ['none'] })],
    ['HS256 with public keys', () => ({ ...issuer, jwks: { keys: [key.jwk] }, algorithms: ['HS256'] })],
    ['ES256 with a secret', () => ({ ...issuer, secret, algorithms: ['ES256'] })],
    ['both', () => ({ ...issuer, secret, jwks: { keys: [key.jwk] } })],
    ['neither', () => issuer],
    ['a secret among public keys', () => ({ ...issuer, jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } })],
    ['a private key among public ones', () => ({ ...issuer, jwks: { keys: [{ ...key.jwk, d: 'AAAA' }] } })],
    ['no audience', () => ({ issuer: ISSUER, audience: [], secret })],
    ['http', () => ({ ...issuer, jwks: 'http://id.example.test/jwks' })],
    ['no algorithm', () => ({ ...issuer, secret, algorithms: [] })],
  ])('%s', (_name, options) => {
    expect(() => auth({ issuers: [options() as never] })).toThrow(
      expect.objectContaining({ code: 'AUTH_OPTIONS_INVALID', status: 500 }),
    )
  })
})

describe('users of the tenant', () => {
  const rows = (user: object): ReturnType<typeof registryOf> =>
    registryOf({ [`${ACME.id} users`]: [{ id: 'u1', email: null, status: 'live', memberships: [], ...user }] })

  test('suspended are refused, whatever the token says', async () => {
    const ask = identifying(trusting())
    const token = await signed(key, { roles: ['admin'] })
    expect(await ask(token, rows({}).context)).toMatchObject({ id: 'ada', roles: ['admin'] })
    await expect(ask(token, rows({ status: 'suspended' }).context)).rejects.toMatchObject({
      code: 'USER_SUSPENDED',
      status: 403,
    })
  })

  test('are who their row says, where it is required: roles are memberships that have not ended', async () => {
    const memberships = [
      { role: 'sales', expires_at: null },
      { role: 'admin', expires_at: '2020-01-01T00:00:00+00:00' },
    ]
    const ask = identifying(trusting({ users: 'require' }))
    const token = await signed(key, { roles: ['admin'] })
    expect(await ask(token, rows({ memberships }).context)).toMatchObject({ id: 'u1', roles: ['sales'] })
    expect(await ask(token, registryOf().context)).toMatchObject({ id: 'ada', roles: [] })
  })

  test('are looked for by what was verified, quoted', async () => {
    const looked = registryOf()
    await identifying(trusting())(await signed(key, { sub: 'a&b=eq.c,(d)' }), looked.context)
    expect(looked.asked[0]).toContain('subject=eq.a%26b%3Deq.c%2C(d)')
  })

  test('of a token for no tenant are of that which the request names, where memberships decide', async () => {
    const token = await signed(key, { tenant: undefined })
    const ask = identifying(trusting({ users: 'require' }))
    expect(await ask(token, registryOf({}, 'globex').context)).toMatchObject({ tenant: GLOBEX.id, roles: [] })
    await expect(ask(token, registryOf().context)).rejects.toMatchObject(CLAIMS)
  })
})

describe('a tenant’s own provider', () => {
  const row = (extra: object = {}): Record<string, unknown> => ({
    issuer: 'https://id.acme.test',
    audience: ['crm'],
    jwks_url: 'https://id.acme.test/jwks',
    algorithms: null,
    tenant_claim: null,
    roles_claim: null,
    id_claim: null,
    email_claim: null,
    allowed_roles: null,
    user_rows: 'check',
    ...extra,
  })
  const fetchKeys = (async () => Response.json({ keys: [key.jwk] })) as typeof fetch
  const registry = (extra?: object, named = 'acme'): IdentifyContext =>
    registryOf({ [`${ACME.id} identity_providers`]: [row(extra) as never] }, named).context
  const token = (extra = {}): Promise<string> => signed(key, { iss: 'https://id.acme.test', ...extra })

  test('speaks for that tenant alone', async () => {
    const ask = identifying({ fetch: fetchKeys })
    const own = await token({ roles: ['sales'], tenant: 'globex' })
    expect(await ask(own, registry())).toMatchObject({ tenant: ACME.id, roles: ['sales'] })
    await expect(ask(own, registry({}, 'globex'))).rejects.toMatchObject(INVALID)
    await expect(ask(own, registryOf().context)).rejects.toMatchObject(INVALID)
    await expect(ask(own, registry({ tenant_claim: 'tenant' }))).rejects.toMatchObject({ code: 'TENANT_MISMATCH' })
  })

  test('is gone with its row, though the token was verified', async () => {
    const ask = identifying({ fetch: fetchKeys })
    const own = await token()
    expect(await ask(own, registry())).toMatchObject({ id: 'ada' })
    await expect(ask(own, registryOf({}, 'acme').context)).rejects.toMatchObject(INVALID)
    await expect(ask(own, registry({ audience: ['shop'] }))).rejects.toMatchObject(CLAIMS)
  })

  test('is not asked for where the operator trusts an issuer of that name', async () => {
    const ask = identifying({ ...trusting({ issuer: 'https://id.acme.test' }), fetch: fetchKeys })
    const evil = registryOf({ [`${GLOBEX.id} identity_providers`]: [row() as never] }, 'globex').context
    expect(await ask(await token(), evil)).toMatchObject({ tenant: ACME.id })
  })

  test.each([
    'http://id.acme.test/jwks',
    'https://127.0.0.1/jwks',
    'https://2130706433/jwks',
    'https://0x7f.1/jwks',
    'https://[::1]/jwks',
    'https://[::ffff:10.0.0.1]/jwks',
    'https://localhost/jwks',
    'https://metadata.google.internal/jwks',
    'https://printer.local/jwks',
    'https://intranet/jwks',
    'https://id.acme.test:8443/jwks',
    'https://user:secret@id.acme.test/jwks',
    'file:///etc/passwd',
    'nonsense',
  ])('whose keys are at %s speaks for nobody, and is not asked', async (jwks_url) => {
    const fetching = vi.fn(fetchKeys)
    await expect(identifying({ fetch: fetching })(await token(), registry({ jwks_url }))).rejects.toMatchObject(INVALID)
    expect(fetching).not.toHaveBeenCalled()
  })
})
