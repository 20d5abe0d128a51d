/** The first stage: which tenant is spoken to, and who asks. */
import { type Identity, type Observe, type Principal, parseApiKey, SYSTEM_TENANT_ID } from '@backsaas/core'
import type { Context } from 'hono'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { Call } from '../http/call.ts'
import type { InProcessCallers } from '../http/in-process.ts'
import { type TenantName, tenantName, tenantOfHost } from '../http/tenant-names.ts'
import type { LoadedPlugins } from '../plugins/load-plugins.ts'
import type { Registry } from '../registry/registry.ts'
import type { Tenant } from '../registry/registry-rows.ts'
import { verifyKey } from '../registry/verify-key.ts'
import type { IdentifyFunction } from './identify-function.ts'
import { readIdentity } from './read-identity.ts'
import { readKeyHeaders } from './read-key-headers.ts'

export interface IdentifyOptions {
  readonly registry: Registry
  readonly callers: InProcessCallers
  readonly plugins: LoadedPlugins
  /** The developer's own. */
  readonly identify: IdentifyFunction | null
  readonly hostSuffix: string | null
  readonly observe: Observe | null
}

export interface Identified {
  readonly tenant: Tenant
  readonly principal: Principal
}

/**
 * Names the tenant by host, path, header and caller, which must agree, and the caller by (in this order) the process
 * itself, the developer's `identify`, the plugins', an API key.
 *
 * @param pathTenant what stood in the path, `/t/{tenant}`; null where nothing did.
 * @throws `AUTH_REQUIRED`, `KEY_INVALID`, `KEYS_DIFFER` (401); `TENANT_NAME_INVALID`, `TENANT_MISMATCH` (400);
 *   `TENANT_UNKNOWN` (404); `TENANT_SUSPENDED` (403).
 */
export async function identify(call: Call, pathTenant: string | null, options: IdentifyOptions): Promise<Identified> {
  const startedAt = options.observe ? performance.now() : 0
  const caller = options.callers.get(call.request)
  const identified =
    caller && 'identity' in caller
      ? await byIdentity(caller.identity, null, call, options)
      : await byRequest(call, caller?.context ?? call.context, pathTenant, options)
  call.principal = identified.principal
  options.observe?.({
    kind: 'stage',
    requestId: call.requestId,
    stage: 'identify',
    durationMs: performance.now() - startedAt,
  })
  return identified
}

/** @param context the request's own, or that of the request which the developer's code is serving. */
async function byRequest(
  call: Call,
  context: Context,
  pathTenant: string | null,
  options: IdentifyOptions,
): Promise<Identified> {
  const request = context.req.raw
  const named = await namedTenant(call, request, pathTenant, options)
  const identity = await askIdentity(call, context, options)
  const key = identity ? null : readKeyHeaders(request.headers)
  if (identity) return byIdentity(identity, named, call, options)
  if (key !== null) return byKey(key, named, call, options)
  throw runtimeError('AUTH_REQUIRED', 'the request names no caller', {
    hint: 'Send an API key in the header `apikey`, or as `Authorization: Bearer`.',
    headers: { 'www-authenticate': 'Bearer realm="backsaas"' },
  })
}

/** The tenant that host, path and header agree on; null where none of them names one. */
async function namedTenant(
  call: Call,
  request: Request,
  pathTenant: string | null,
  options: IdentifyOptions,
): Promise<Tenant | null> {
  const url = request === call.request ? call.url : new URL(request.url)
  const header = request.headers.get('x-tenant')
  const host = tenantOfHost(url.hostname, options.hostSuffix)
  const names = [
    ...(pathTenant === null ? [] : [tenantName(pathTenant, 'path')]),
    ...(header === null ? [] : [tenantName(header, 'header')]),
    ...(host === null ? [] : [host]),
  ]
  let found: Tenant | null = null
  for (const name of names) {
    const tenant = await options.registry.tenant(name, call)
    // A host that nobody registered is just where the server happens to be reached.
    if (!tenant && name.by === 'host') continue
    if (!tenant) throw unknownTenant(name)
    if (found && found.id !== tenant.id) throw mismatch()
    found = tenant
  }
  return found
}

async function askIdentity(call: Call, context: Context, options: IdentifyOptions): Promise<Identity | null> {
  const own = options.identify === null ? null : await options.identify(context)
  if (own) return own
  for (const { run } of options.plugins.identify) {
    const identity = await run(context.req.raw, { scope: call.scope, for: options.plugins.for })
    if (identity) return identity
  }
  return null
}

async function byIdentity(
  given: Identity,
  named: Tenant | null,
  call: Call,
  { registry }: IdentifyOptions,
): Promise<Identified> {
  const identity = readIdentity(given)
  const name = tenantName(identity.tenant, 'caller')
  const tenant = await registry.tenant(name, call)
  if (!tenant) throw unknownTenant(name)
  if (named && named.id !== tenant.id) throw mismatch()
  refuseSuspended(tenant)
  return { tenant, principal: { ...identity, tenant: tenant.slug } }
}

/** Unknown tenant, unknown prefix, wrong secret, expired, revoked: one answer for all, after the same work. */
async function byKey(
  key: string,
  named: Tenant | null,
  call: Call,
  { registry }: IdentifyOptions,
): Promise<Identified> {
  const parts = parseApiKey(key)
  if (!parts) throw keyInvalid()
  if (named && named.id !== parts.tenantId) throw mismatch()
  const tenant = await registry.tenant({ by: 'id', value: parts.tenantId, from: 'caller' }, call)
  if (tenant) refuseSuspended(tenant)
  const row = tenant && (await registry.key(tenant.id, parts.prefix, call))
  const valid = await verifyKey(key, row, call.scope.now())
  if (!tenant || !row || !valid) throw keyInvalid()
  return { tenant, principal: { tenant: tenant.slug, id: row.id, kind: 'key', roles: row.roles } }
}

function refuseSuspended(tenant: Tenant): void {
  if (tenant.suspended && tenant.id !== SYSTEM_TENANT_ID)
    throw runtimeError('TENANT_SUSPENDED', 'this tenant is suspended')
}

function unknownTenant({ value, from }: TenantName): Error {
  return runtimeError('TENANT_UNKNOWN', `there is no tenant "${value}"`, { hint: `It is named by the ${from}.` })
}

function mismatch(): Error {
  return runtimeError('TENANT_MISMATCH', 'host, path, header and caller name different tenants', {
    hint: 'Name the tenant once, or the same everywhere.',
  })
}

function keyInvalid(): Error {
  return runtimeError('KEY_INVALID', 'the API key is not valid', {
    hint: 'It may be mistyped, expired or revoked; make another with `backsaas key create`.',
    headers: { 'www-authenticate': 'Bearer realm="backsaas", error="invalid_token"' },
  })
}
