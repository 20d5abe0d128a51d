/** The first stage: which tenant is spoken to, and who asks. */
import { BackSaasError, type Identity, type Observe, type Principal, SYSTEM_TENANT_ID } from '@backsaas/core'
import type { Context } from 'hono'
import { runtimeError } from '../errors/error-catalogue.ts'
import { readAddress } from '../http/address.ts'
import type { Call } from '../http/call.ts'
import type { InProcessCallers } from '../http/in-process.ts'
import { type TenantName, tenantName, tenantNames } from '../http/tenant-names.ts'
import type { LoadedPlugins } from '../plugins/load-plugins.ts'
import { runPlugin } from '../plugins/run-plugin.ts'
import type { Registry } from '../registry/registry.ts'
import type { Tenant } from '../registry/registry-rows.ts'
import type { IdentifyFunction } from './identify-function.ts'
import { findNamed, lookUps } from './look-ups.ts'
import { proveKey } from './prove-key.ts'
import { readIdentity } from './read-identity.ts'
import { type KeyHeaders, onlyKey, readKeyHeaders } from './read-key-headers.ts'

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
 * itself, the developer's `identify`, the plugins', an API key, or as nobody. Who proves nothing learns nothing of any tenant.
 *
 * @param pathTenant what stood in the path, `/t/{tenant}`; null where nothing did.
 * @throws `AUTH_REQUIRED`, `KEY_INVALID`, `KEYS_DIFFER` (401); `TENANT_NAME_INVALID`, `TENANT_MISMATCH` (400);
 *   `TENANT_UNKNOWN` (404, by an identity alone); `TENANT_SUSPENDED` (403).
 */
export async function identify(call: Call, pathTenant: string | null, options: IdentifyOptions): Promise<Identified> {
  const startedAt = options.observe ? performance.now() : 0
  const caller = options.callers.get(call.request)
  const identified =
    caller && 'identity' in caller
      ? await byIdentity(caller.identity, [], call, options)
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
  const { host } = request === call.request ? call.address : readAddress(request.url)
  const names = tenantNames(request, host, pathTenant, options.hostSuffix)
  const own = options.identify === null ? null : await options.identify(context)
  if (own) return byIdentity(own, names, call, options)
  const headers = readKeyHeaders(request.headers)
  const identity = await askPlugins(call, request, names, headers, options)
  if (identity) return byIdentity(await throughGate(identity, headers, call, options), names, call, options)
  const key = onlyKey(headers)
  if (key !== null) return byKey(key, names, call, options)
  return (await byNobody(names, call, options)) ?? refuseNobody()
}

async function askPlugins(
  call: Call,
  request: Request,
  names: readonly TenantName[],
  headers: KeyHeaders,
  { plugins, observe, registry }: IdentifyOptions,
): Promise<Identity | null> {
  if (plugins.identify.length === 0) return null
  const context = lookUps(call, () => ({ names, headers }), registry, plugins)
  for (const { plugin, run } of plugins.identify) {
    const identity = await runPlugin(plugin, { plugins, observe, requestId: call.requestId }, () =>
      run(request, context),
    )
    if (identity) return identity
  }
  return null
}

/** Beside a caller that is proven otherwise, a key is the pass at the gate: its scopes hold for whoever comes with it. */
async function throughGate(
  identity: Identity,
  { apikey }: KeyHeaders,
  call: Call,
  { registry }: IdentifyOptions,
): Promise<Identity> {
  if (apikey === null) return identity
  const { tenant, row } = await proveKey(apikey, call, registry)
  const name = tenantName(identity.tenant, 'caller')
  if (name.value !== tenant[name.by === 'id' ? 'id' : 'slug']) throw tenantMismatch()
  return row.scopes === null ? identity : { ...identity, scopes: row.scopes }
}

/** Who brings nothing is the role `anon` of a tenant that lets such callers in; null elsewhere. */
async function byNobody(
  names: readonly TenantName[],
  call: Call,
  { registry }: IdentifyOptions,
): Promise<Identified | null> {
  const tenant = await findNamed({ names, headers: NO_KEY }, call, registry)
  if (!tenant || tenant.suspended || !(await letsNobodyIn(tenant, call, registry))) return null
  await refuseOther(names, tenant, call, registry)
  return { tenant, principal: { tenant: tenant.slug, id: 'anonymous', kind: 'anonymous', roles: ANONYMOUS_ROLES } }
}

const NO_KEY: KeyHeaders = Object.freeze({ apikey: null, bearer: null })
const ANONYMOUS_ROLES: readonly string[] = Object.freeze(['anon'])

async function letsNobodyIn(tenant: Tenant, call: Call, registry: Registry): Promise<boolean> {
  try {
    const [settings] = await registry.rows(tenant.id, 'settings', ANONYMOUS_QUERY, call)
    return settings?.anonymous === true
  } catch (error) {
    if (error instanceof BackSaasError && error.code === 'TENANT_SUSPENDED') return false
    throw error
  }
}

const ANONYMOUS_QUERY = 'select=anonymous&limit=1'

function refuseNobody(): never {
  throw runtimeError('AUTH_REQUIRED', 'the request names no caller', {
    hint: 'Send an API key in the header `apikey`, or as `Authorization: Bearer`.',
    headers: { 'www-authenticate': 'Bearer realm="backsaas"' },
  })
}

async function byIdentity(
  given: Identity,
  names: readonly TenantName[],
  call: Call,
  { registry }: IdentifyOptions,
): Promise<Identified> {
  const identity = readIdentity(given)
  const name = tenantName(identity.tenant, 'caller')
  const tenant = await registry.tenant(name, call)
  if (!tenant) throw unknownTenant(name)
  await refuseOther(names, tenant, call, registry)
  refuseSuspended(tenant)
  return { tenant, principal: { ...identity, tenant: tenant.slug } }
}

async function byKey(
  key: string,
  names: readonly TenantName[],
  call: Call,
  { registry }: IdentifyOptions,
): Promise<Identified> {
  const { tenant, row } = await proveKey(key, call, registry)
  await refuseOther(names, tenant, call, registry)
  refuseSuspended(tenant)
  const { id, roles, scopes } = row
  return {
    tenant,
    principal: { tenant: tenant.slug, id, kind: 'key', roles, ...(scopes === null ? {} : { scopes }) },
  }
}

/** A name that is no tenant's is another one than the caller's, and answers the same: so nobody learns which exist. */
async function refuseOther(
  names: readonly TenantName[],
  tenant: Tenant,
  call: Call,
  registry: Registry,
): Promise<void> {
  for (const name of names) if (!(await isNameOf(name, tenant, call, registry))) throw tenantMismatch()
}

async function isNameOf(name: TenantName, tenant: Tenant, call: Call, registry: Registry): Promise<boolean> {
  if (name.by !== 'host') return name.value === tenant[name.by]
  const found = await registry.tenant(name, call)
  // A host that nobody registered is just where the server happens to be reached.
  return found === null || found.id === tenant.id
}

function refuseSuspended(tenant: Tenant): void {
  if (tenant.suspended && tenant.id !== SYSTEM_TENANT_ID)
    throw runtimeError('TENANT_SUSPENDED', 'this tenant is suspended')
}

function unknownTenant({ value, from }: TenantName): Error {
  return runtimeError('TENANT_UNKNOWN', `there is no tenant "${value}"`, { hint: `It is named by the ${from}.` })
}

function tenantMismatch(): Error {
  return runtimeError('TENANT_MISMATCH', 'host, path, header and caller name different tenants', {
    hint: 'Name the tenant once, or the same everywhere.',
  })
}
