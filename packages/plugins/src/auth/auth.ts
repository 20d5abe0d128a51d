/**
 * Names callers by their JWT, as `Authorization: Bearer`: of issuers that the operator trusts for all tenants, and of those
 * that a tenant has written into its own `identity_providers`.
 */
import { definePlugin, type IdentifyContext, type Identity, type Plugin } from '@backsaas/core'
import { AUTH_ERRORS } from './auth-errors.ts'
import { completeIdentity } from './complete-identity.ts'
import { type Issuer, readIssuer } from './issuer.ts'
import type { IssuerOptions, KeyFetching } from './issuer-options.ts'
import { createProviders, type Providers } from './providers.ts'
import { readClaims, userQuery } from './read-claims.ts'
import { type KnownToken, type VerifiedTokens, verifiedTokens } from './verified-tokens.ts'
import { looksLikeToken, verifyToken } from './verify-token.ts'

export type { ClaimNames, IssuerOptions, UsersRule } from './issuer-options.ts'
export { type ServiceTokenOptions, signServiceToken } from './service-token.ts'

export interface AuthOptions {
  /** Trusted for all tenants, unless one names its `tenant`. */
  readonly issuers?: readonly IssuerOptions[]
  /** Whether tenants' own rows of `identity_providers` count. Default: true. */
  readonly providers?: boolean
  /** Lets keys be fetched by http from this machine. For tests. */
  readonly insecureLocalhost?: boolean
  /** Fetches keys; the platform's own unless given. */
  readonly fetch?: typeof globalThis.fetch
}

/** A signature holds on for so long without being checked again: a key that its issuer withdraws is out by then. */
const RECHECK_MS = 300_000

/**
 * The plugin. A request without a token passes to whoever else names callers: another plugin, or an API key.
 *
 * @throws `AUTH_OPTIONS_INVALID` at once; at requests `PGRST301` and `PGRST303` (401), `USER_SUSPENDED` (403),
 *   `PROVIDER_UNREACHABLE` (503).
 * @example
 * const issuer = 'https://id.example.com'
 * const signIn = auth({ issuers: [{ issuer, audience: 'crm', jwks: `${issuer}/jwks`, claims: { tenant: 'org' } }] })
 * const backsaas = createRuntime({ database, plugins: [policies(), signIn] })
 */
export function auth(options: AuthOptions = {}): Plugin {
  const fetching: KeyFetching = {
    insecureLocalhost: options.insecureLocalhost ?? false,
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
  }
  const identifying: Identifying = {
    issuers: byName((options.issuers ?? []).map((issuer) => readIssuer(issuer, fetching))),
    providers: options.providers === false ? null : createProviders(fetching),
    tokens: verifiedTokens(),
  }
  return definePlugin({
    name: 'auth',
    errors: AUTH_ERRORS,
    stages: { identify: (request, context) => identify(request, context, identifying) },
  })
}

interface Identifying {
  readonly issuers: ReadonlyMap<string, readonly Issuer[]>
  readonly providers: Providers | null
  readonly tokens: VerifiedTokens
}

function byName(issuers: readonly Issuer[]): ReadonlyMap<string, readonly Issuer[]> {
  return Map.groupBy(issuers, ({ issuer }) => issuer)
}

const BEARER = /^bearer +(\S+) *$/i

/** Without a promise where the token is known: most requests of a session bring the same. */
function identify(
  request: Request,
  context: IdentifyContext,
  identifying: Identifying,
): Identity | null | Promise<Identity | null> {
  const authorization = request.headers.get('authorization')
  const token = authorization === null ? null : (BEARER.exec(authorization)?.[1] ?? null)
  if (token === null || !looksLikeToken(token)) return null
  const known = identifying.tokens.get(token, context.scope.now())
  if (known && !known.issuer.ofTenant) return completeIdentity(known, context)
  return identifyAnew(token, known, context, identifying)
}

async function identifyAnew(
  token: string,
  known: KnownToken | null,
  context: IdentifyContext,
  { issuers, providers, tokens }: Identifying,
): Promise<Identity> {
  const issuersOf = (name: string): readonly Issuer[] | Promise<readonly Issuer[]> =>
    issuers.get(name) ?? providers?.issuersOf(name, context) ?? []
  // A tenant's provider is asked for again: its row may have changed, or the request be for another tenant.
  if (known && (await issuersOf(known.issuer.issuer)).includes(known.issuer)) return completeIdentity(known, context)
  const nowMs = context.scope.now()
  const { issuer, payload } = await verifyToken(token, issuersOf, nowMs)
  const claims = readClaims(payload, issuer)
  const expiresMs = Number(payload.exp) * 1000
  const verified: KnownToken = {
    issuer,
    claims,
    userQuery: userQuery(issuer.issuer, claims.subject),
    untilMs: Math.min(expiresMs, nowMs + RECHECK_MS),
  }
  tokens.set(token, verified)
  return completeIdentity(verified, context)
}
