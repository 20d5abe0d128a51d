/** Tokens by which one service of ours proves itself to another: signed, short-lived, for one audience. */
import { importJWK, type JWK, SignJWT } from 'jose'
import { authError } from './auth-errors.ts'
import { SERVICE_MAX_AGE_S, SERVICE_TYPE } from './verify-token.ts'

export interface ServiceTokenOptions {
  /** Who signs; an issuer of kind `service` by this name is given to `auth` of who is asked. */
  readonly issuer: string
  /** Whom it is for. */
  readonly audience: string
  /** A private Ed25519, EC or RSA key with `alg`, or a secret of 32 bytes or more that both sides have (HS256). */
  readonly key: JWK | string
  /** The name of the service. */
  readonly id: string
  /** Slug or id. */
  readonly tenant: string
  readonly roles?: readonly string[]
  /** What it allows of what the roles do. */
  readonly scopes?: readonly string[]
  /** Default: 60, at most 300. */
  readonly seconds?: number
}

/**
 * A token for one service and a minute.
 *
 * @throws `AUTH_OPTIONS_INVALID` for a key without `alg`, a short secret, or a longer time.
 * @example
 * const token = await signServiceToken({ issuer: 'billing', audience: 'crm', key, id: 'billing', tenant: 'acme', roles: ['admin'] })
 * await fetch(url, { headers: { authorization: `Bearer ${token}` } })
 */
export async function signServiceToken(options: ServiceTokenOptions): Promise<string> {
  const { issuer, audience, key, id, tenant, roles = [], scopes, seconds = 60 } = options
  if (!(seconds > 0 && seconds <= SERVICE_MAX_AGE_S))
    throw authError('AUTH_OPTIONS_INVALID', `a service token holds for at most ${SERVICE_MAX_AGE_S} seconds`)
  const { secret, alg } = await signingKey(key)
  return new SignJWT({ tenant, roles: [...roles], ...(scopes ? { scopes: [...scopes] } : {}) })
    .setProtectedHeader({ alg, typ: SERVICE_TYPE, ...(typeof key !== 'string' && key.kid ? { kid: key.kid } : {}) })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(id)
    .setIssuedAt()
    .setExpirationTime(`${seconds}s`)
    .sign(secret)
}

async function signingKey(key: JWK | string): Promise<{ secret: Awaited<ReturnType<typeof importJWK>>; alg: string }> {
  if (typeof key === 'string') {
    const secret = new TextEncoder().encode(key)
    if (secret.length < 32) throw authError('AUTH_OPTIONS_INVALID', 'a shared secret has 32 bytes or more')
    return { secret, alg: 'HS256' }
  }
  if (!key.alg || key.d === undefined) throw authError('AUTH_OPTIONS_INVALID', 'the key is no private one with its alg')
  return { secret: await importJWK(key, key.alg), alg: key.alg }
}
