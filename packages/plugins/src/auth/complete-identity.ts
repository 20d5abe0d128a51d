/** From what a token says to who asks: the tenant it is for, and what that tenant's own rows say of the user. */
import type { IdentifyContext, Identity, JsonObject, NamedTenant } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { authError, tokenRefused } from './auth-errors.ts'
import type { KnownToken } from './verified-tokens.ts'

type Now<T> = T | Promise<T>

/**
 * @throws `USER_SUSPENDED` (403); `PGRST303` (401) where nothing says which tenant it is for; `TENANT_MISMATCH` (400) where an
 *   issuer of one tenant names another.
 */
export function completeIdentity(token: KnownToken, context: IdentifyContext): Now<Identity> {
  const { issuer, claims } = token
  if (issuer.users === 'ignore' && issuer.tenant === null && claims.tenant !== null)
    return identityOf(token, claims.tenant)
  return then(tenantOf(token, context), (tenant) => ofTenant(token, tenant, context))
}

function ofTenant(token: KnownToken, tenant: NamedTenant | string, context: IdentifyContext): Now<Identity> {
  // Nobody's: the runtime tells the caller so.
  if (typeof tenant === 'string') return identityOf(token, tenant)
  refuseOtherTenant(token, tenant)
  if (token.issuer.users === 'ignore') return identityOf(token, tenant.id)
  return then(context.registryRows(tenant.id, 'users', token.userQuery), ([user]) =>
    user ? ofUser(token, tenant, user, context.scope.now()) : withoutRow(token, tenant),
  )
}

/** Continues at once with what is there already: a promise costs more than all of a look-up. */
function then<T, U>(value: Now<T>, next: (value: T) => Now<U>): Now<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}

function tenantOf({ issuer, claims }: KnownToken, context: IdentifyContext): Now<NamedTenant | string> {
  const name = issuer.tenant ?? claims.tenant
  if (name !== null) return then(context.tenant(name), (found) => found ?? name)
  // A token for any tenant is only as good as the membership in one.
  if (issuer.users !== 'require') throw tokenRefused('PGRST303', 'the token names no tenant')
  return then(context.namedTenant(), (found) => {
    if (!found) throw tokenRefused('PGRST303', 'neither the token nor the request names a tenant')
    return found
  })
}

/** Where both say it, issuer and claim say the same. */
function refuseOtherTenant({ issuer, claims }: KnownToken, { id, slug }: NamedTenant): void {
  if (issuer.tenant === null || claims.tenant === null || claims.tenant === slug || claims.tenant === id) return
  throw new BackSaasError('TENANT_MISMATCH', 400, 'the token and its issuer name different tenants', {
    hint: 'Sign in to the tenant that you ask for.',
  })
}

function identityOf({ issuer, claims }: KnownToken, tenant: string): Identity {
  const { id, roles, email, scopes, subject } = claims
  return {
    tenant,
    id,
    kind: issuer.kind,
    roles,
    ...(email === null ? {} : { email }),
    ...(scopes === null ? {} : { scopes }),
    ...(issuer.kind === 'user' ? { account: { issuer: issuer.issuer, subject } } : {}),
  }
}

/** Who is to have a row and has none has no role either, and can but accept an invitation. */
function withoutRow(token: KnownToken, tenant: NamedTenant): Identity {
  const identity = identityOf(token, tenant.id)
  return token.issuer.users === 'require' ? { ...identity, roles: [] } : identity
}

function ofUser(token: KnownToken, tenant: NamedTenant, user: JsonObject, nowMs: number): Identity {
  if (user.status !== 'live') throw authError('USER_SUSPENDED', 'this user is suspended')
  const identity = identityOf(token, tenant.id)
  const email = typeof user.email === 'string' ? { email: user.email } : {}
  if (token.issuer.users !== 'require') return { ...email, ...identity }
  return { ...identity, ...email, id: String(user.id), roles: [...token.issuer.roles, ...rolesOf(user, nowMs)] }
}

function rolesOf({ memberships }: JsonObject, nowMs: number): readonly string[] {
  const rows = Array.isArray(memberships) ? (memberships as readonly JsonObject[]) : [] // an embed of the registry's
  return rows
    .filter(({ expires_at: until }) => typeof until !== 'string' || Date.parse(until) > nowMs)
    .map(({ role }) => String(role))
}
