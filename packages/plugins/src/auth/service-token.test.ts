import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { beforeAll, expect, test } from 'vitest'
import { ACME, AUDIENCE, bearer, newKey, registryOf, signed } from '../../test/issuers.ts'
import { auth, type IssuerOptions, signServiceToken } from './auth.ts'

let key: JWK
let issuer: IssuerOptions
const usual = { issuer: 'billing', audience: AUDIENCE, id: 'billing', tenant: 'acme', roles: ['admin'] }

beforeAll(async () => {
  const pair = await generateKeyPair('EdDSA', { extractable: true })
  key = { ...(await exportJWK(pair.privateKey)), alg: 'EdDSA', kid: 's1' }
  const jwk = { ...(await exportJWK(pair.publicKey)), alg: 'EdDSA', kid: 's1' }
  issuer = { kind: 'service', issuer: 'billing', audience: AUDIENCE, jwks: { keys: [jwk] } }
})

async function identify(token: string, ...issuers: IssuerOptions[]): Promise<unknown> {
  return auth({ issuers }).stages?.identify?.(bearer(token), registryOf().context)
}

test('names a service, its tenant and what it may do', async () => {
  const token = await signServiceToken({ ...usual, key, scopes: ['contacts:read'] })
  expect(await identify(token, issuer)).toEqual({
    tenant: ACME.slug,
    id: 'billing',
    kind: 'service',
    roles: ['admin'],
    scopes: ['contacts:read'],
  })
})

test('of a shared secret is taken as well', async () => {
  const secret = 'a-secret-that-two-services-share'
  const token = await signServiceToken({ ...usual, key: secret })
  const shared = { kind: 'service', issuer: 'billing', audience: AUDIENCE, secret } as const
  expect(await identify(token, shared)).toMatchObject({ kind: 'service' })
})

test('for another audience, or past its time, is refused; so is one that would hold for long', async () => {
  const elsewhere = await signServiceToken({ ...usual, key, audience: 'shop' })
  await expect(identify(elsewhere, issuer)).rejects.toMatchObject({ code: 'PGRST303' })
  await expect(signServiceToken({ ...usual, key, seconds: 3600 })).rejects.toMatchObject({
    code: 'AUTH_OPTIONS_INVALID',
  })
  const old = await newKey('s2', 'EdDSA')
  const nowS = Math.floor(Date.now() / 1000)
  const long = await signed(old, { iss: 'billing', iat: nowS - 400, exp: nowS + 3600 }, { typ: 'service+jwt' })
  await expect(identify(long, { ...issuer, jwks: { keys: [old.jwk] } })).rejects.toMatchObject({ code: 'PGRST303' })
})

test('is none of a user, nor a user’s one of a service', async () => {
  const token = await signServiceToken({ ...usual, key })
  const { kind: _kind, ...users } = issuer
  await expect(identify(token, users)).rejects.toMatchObject({ code: 'PGRST301' })
  const user = await newKey('s1', 'EdDSA')
  await expect(
    identify(await signed(user, { iss: 'billing' }), { ...issuer, jwks: { keys: [user.jwk] } }),
  ).rejects.toMatchObject({ code: 'PGRST301' })
})
