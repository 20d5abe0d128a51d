/** An issuer that tokens are verified against: options or a registry row, checked and completed. */
import { arrayText, type Json, type JsonObject } from '@backsaas/core'
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { authError } from './auth-errors.ts'
import type { ClaimNames, IssuerOptions, KeyFetching, UsersRule } from './issuer-options.ts'
import { remoteKeys } from './remote-keys.ts'

export interface Issuer {
  readonly issuer: string
  readonly audience: readonly string[]
  readonly algorithms: readonly string[]
  readonly keys: JWTVerifyGetKey | Uint8Array
  readonly kind: 'user' | 'service'
  readonly tenant: string | null
  /** Whether a tenant's row made it: it speaks for that tenant alone. */
  readonly ofTenant: boolean
  readonly claims: Required<Omit<ClaimNames, 'tenant'>> & { readonly tenant: string | null }
  readonly roles: readonly string[]
  readonly allowedRoles: readonly string[] | null
  readonly users: UsersRule
}

const PUBLIC_KEY_ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]
const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512']
const USUAL_ALGORITHMS = ['RS256', 'ES256', 'EdDSA']
const MIN_SECRET_BYTES = 32
const CLAIMS = { roles: 'roles', id: 'sub', email: 'email' } as const

/** @throws `AUTH_OPTIONS_INVALID`. */
export function readIssuer(options: IssuerOptions, fetching: KeyFetching): Issuer {
  const { issuer, audience, tenant, roles, allowedRoles, kind, users, claims } = options
  if (typeof issuer !== 'string' || issuer === '') throw invalid('an issuer has no name')
  const audiences = typeof audience === 'string' ? [audience] : [...(audience ?? [])]
  if (audiences.length === 0 || audiences.some((one) => typeof one !== 'string' || one === ''))
    throw invalid(`the issuer ${issuer} has no audience`)
  if ((options.jwks === undefined) === (options.secret === undefined))
    throw invalid(`the issuer ${issuer} has either jwks or a secret`)
  const isService = kind === 'service'
  return {
    issuer,
    audience: audiences,
    algorithms: readAlgorithms(options),
    keys: options.secret === undefined ? publicKeys(options, fetching) : secretKey(options.secret, issuer),
    kind: kind ?? 'user',
    tenant: tenant ?? null,
    ofTenant: false,
    // Of one tenant: what else may be called so in its tokens is not looked at, unless told to.
    claims: { ...CLAIMS, tenant: tenant === undefined ? 'tenant' : null, ...(isService ? {} : claims) },
    roles: roles ?? [],
    allowedRoles: allowedRoles ?? null,
    users: users ?? (isService ? 'ignore' : 'check'),
  }
}

/** Only what fits the keys: a public key must never be taken for a shared secret. */
function readAlgorithms({ issuer, secret, algorithms }: IssuerOptions): readonly string[] {
  const fitting = secret === undefined ? PUBLIC_KEY_ALGORITHMS : SECRET_ALGORITHMS
  const wanted = algorithms ?? (secret === undefined ? USUAL_ALGORITHMS : ['HS256'])
  const unfit = wanted.find((one) => !fitting.includes(one))
  if (unfit !== undefined || wanted.length === 0)
    throw invalid(`the algorithm ${unfit} does not fit the keys of ${issuer}`, `Fitting are ${fitting.join(', ')}.`)
  return [...wanted]
}

function publicKeys({ issuer, jwks }: IssuerOptions, fetching: KeyFetching): JWTVerifyGetKey {
  if (typeof jwks === 'string') return remoteKeys(jwks, fetching)
  const set = jwks as JSONWebKeySet // exactly one of jwks and secret is given, and it is no text
  if (!Array.isArray(set.keys) || set.keys.some((key) => key.kty === 'oct' || key.d !== undefined))
    throw invalid(`the jwks of ${issuer} is no list of public keys`)
  return createLocalJWKSet(set)
}

function secretKey(secret: string, issuer: string): Uint8Array {
  const bytes = new TextEncoder().encode(secret)
  if (bytes.length < MIN_SECRET_BYTES) throw invalid(`the secret of ${issuer} has less than ${MIN_SECRET_BYTES} bytes`)
  return bytes
}

function invalid(message: string, hint?: string): Error {
  return authError('AUTH_OPTIONS_INVALID', message, hint === undefined ? {} : { hint })
}

/** What `readProvider` needs of a row of `identity_providers`. */
export const PROVIDERS_QUERY: string = `enabled=is.true&order=id&limit=20&select=${[
  ...['issuer', 'audience', 'jwks_url', 'algorithms', 'tenant_claim', 'roles_claim', 'id_claim', 'email_claim'],
  ...['allowed_roles', 'user_rows'],
].join()}`

/**
 * A row of a tenant's `identity_providers`. What it says is the tenant's own: it never speaks for another one, and its keys
 * come from an address that anybody could reach.
 *
 * @throws `AUTH_OPTIONS_INVALID` where the row makes no sense.
 */
export function readProvider(row: JsonObject, tenantId: string, fetching: KeyFetching): Issuer {
  const url = String(row.jwks_url)
  if (!fetching.insecureLocalhost) refuseInnerAddress(url)
  const claims = { tenant: row.tenant_claim, roles: row.roles_claim, id: row.id_claim, email: row.email_claim }
  const issuer = readIssuer(
    {
      issuer: String(row.issuer),
      audience: texts(row.audience) ?? [],
      jwks: url,
      algorithms: texts(row.algorithms) ?? USUAL_ALGORITHMS,
      tenant: tenantId,
      claims: Object.fromEntries(Object.entries(claims).filter(([, name]) => typeof name === 'string')),
      ...(texts(row.allowed_roles) ? { allowedRoles: texts(row.allowed_roles) ?? [] } : {}),
      users: row.user_rows === 'require' || row.user_rows === 'ignore' ? row.user_rows : 'check',
    },
    fetching,
  )
  return { ...issuer, ofTenant: true }
}

/** Two rows that say the same make one issuer, which keeps its keys. */
export function providerKey(row: JsonObject, tenantId: string): string {
  return arrayText([tenantId, JSON.stringify(row)])
}

function texts(value: Json | undefined): readonly string[] | null {
  return Array.isArray(value) ? value.map(String) : null
}

const NAMED_HOST = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*$/
const INNER_HOST = /\.(?:local|localhost|internal|intranet|lan|home|corp|arpa)$/

/**
 * No addresses, no local names, no other ports. A name that leads to an inner address gets no further than the handshake:
 * what answers there has no certificate for it.
 */
function refuseInnerAddress(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : null
  const isOuter =
    url?.protocol === 'https:' &&
    url.port === '' &&
    url.username === '' &&
    url.password === '' &&
    NAMED_HOST.test(url.hostname) &&
    !INNER_HOST.test(url.hostname)
  if (!isOuter) throw invalid('jwks_url is no https address of a public host')
}
