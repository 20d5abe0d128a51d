/** An identity provider for tests: keys of its own, tokens of any shape, and what a plugin may look up. */
import type { IdentifyContext, JsonObject } from '@backsaas/core'
import { base64url, type CryptoKey, exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose'

export const ISSUER = 'https://id.example.test'
export const AUDIENCE = 'crm'
export const ACME = { id: '018f0000-0000-7000-8000-0000000000aa', slug: 'acme', plan: null }
export const GLOBEX = { id: '018f0000-0000-7000-8000-0000000000bb', slug: 'globex', plan: null }

export interface TestKey {
  readonly kid: string
  readonly alg: string
  readonly secret: CryptoKey
  readonly jwk: JSONWebKeySet['keys'][number]
}

export async function newKey(kid: string, alg = 'ES256'): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, secret: privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

/** A token that holds, but for what is given. */
export function signed(
  key: TestKey,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  const nowS = Math.floor(Date.now() / 1000)
  const usual = { iss: ISSUER, aud: AUDIENCE, sub: 'ada', tenant: 'acme', iat: nowS, exp: nowS + 600 }
  const payload = Object.fromEntries(Object.entries({ ...usual, ...claims }).filter(([, value]) => value !== undefined))
  return new SignJWT(payload)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header })
    .sign(key.secret, { crit: { 'https://example.test/known': true } })
}

/** Parts that nobody signed as they stand. */
export function unsigned(header: object, payload: object, signature = ''): string {
  const part = (value: object): string => base64url.encode(JSON.stringify(value))
  return `${part(header)}.${part(payload)}.${signature}`
}

export interface Looked {
  readonly context: IdentifyContext
  readonly asked: string[]
  nowMs: number
}

/** A registry of two tenants, with rows by `tenantId entity`. */
export function registryOf(rows: Record<string, readonly JsonObject[]> = {}, named: string | null = null): Looked {
  const tenant = (name: string): typeof ACME | null =>
    [ACME, GLOBEX].find(({ id, slug }) => name === id || name === slug) ?? null
  const looked: Looked = {
    asked: [],
    nowMs: 0,
    context: {
      scope: { waitUntil: () => undefined, now: () => Date.now() + looked.nowMs },
      for: () => {
        throw new Error('not asked for')
      },
      namedTenant: () => (named === null ? null : tenant(named)),
      tenant,
      registryRows(tenantId, entity, query) {
        looked.asked.push(`${tenantId} ${entity} ${query}`)
        return rows[`${tenantId} ${entity}`] ?? []
      },
    },
  }
  return looked
}

export function bearer(token: string): Request {
  return new Request('http://localhost/rest/v1/notes', { headers: { authorization: `Bearer ${token}` } })
}
