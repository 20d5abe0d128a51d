/** The first stage: which tenant is spoken to, and who asks. */
import {
  BackSaasError,
  type Identity,
  type Observe,
  type Principal,
  parseApiKey,
  SYSTEM_TENANT_ID,
} from '@backsaas/core'
import type { Context } from 'hono'
import { runtimeError } from '../errors/error-catalogue.ts'
import { readAddress } from '../http/address.ts'
import type { Call } from '../http/call.ts'
import type { InProcessCallers } from '../http/in-process.ts'
import { type TenantName, tenantName, tenantNames } from '../http/tenant-names.ts'
import type { LoadedPlugins } from '../plugins/load-plugins.ts'
import { runPlugin } from '../plugins/run-plugin.ts'
import type { Registry } from '../registry/registry.ts'
import type { KeyRow, Tenant } from '../registry/registry-rows.ts'
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
 * itself, the developer's `identify`, the plugins', an API key. Who proves nothing learns nothing of any tenant.
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
  const identity = await askIdentity(call, context, options)
  const key = identity ? null : readKeyHeaders(request.headers)
  if (identity) return byIdentity(identity, names, call, options)
  if (key !== null) return byKey(key, names, call, options)
  throw runtimeError('AUTH_REQUIRED', 'the request names no caller', {
    hint: 'Send an API key in the header `apikey`, or as `Authorization: Bearer`.',
    headers: { 'www-authenticate': 'Bearer realm="backsaas"' },
  })
}

async function askIdentity(call: Call, context: Context, options: IdentifyOptions): Promise<Identity | null> {
  const own = options.identify === null ? null : await options.identify(context)
  if (own) return own
  const { plugins, observe } = options
  for (const { plugin, run } of plugins.identify) {
    const identity = await runPlugin(plugin, { plugins, observe, requestId: call.requestId }, () =>
      run(context.req.raw, { scope: call.scope, for: plugins.for }),
    )
    if (identity) return identity
  }
  return null
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

/**
 * Unknown tenant, unknown prefix, wrong secret, expired, revoked: one answer for all, after the same work. What else
 * stands in the way is told to who has proven the key, and to nobody before.
 */
async function byKey(
  key: string,
  names: readonly TenantName[],
  call: Call,
  { registry }: IdentifyOptions,
): Promise<Identified> {
  const parts = parseApiKey(key)
  if (!parts) throw keyInvalid()
  const tenant = await registry.tenant({ by: 'id', value: parts.tenantId, from: 'caller' }, call)
  const row = tenant && (await readableKey(tenant, parts.prefix, call, registry))
  const valid = await verifyKey(key, row, call.scope.now())
  if (!tenant || !row || !valid) throw keyInvalid()
  await refuseOther(names, tenant, call, registry)
  refuseSuspended(tenant)
  return { tenant, principal: { tenant: tenant.slug, id: row.id, kind: 'key', roles: row.roles } }
}

/** Null too where the fence lets nothing of a suspended tenant be read any more: such a key cannot be proven. */
async function readableKey(tenant: Tenant, prefix: string, call: Call, registry: Registry): Promise<KeyRow | null> {
  try {
    return await registry.key(tenant.id, prefix, call)
  } catch (error) {
    if (error instanceof BackSaasError && error.code === 'TENANT_SUSPENDED') return null
    throw error
  }
}

/** A name that is no tenant's is another one than the caller's, and answers the same: so nobody learns which exist. */
async function refuseOther(
  names: readonly TenantName[],
  tenant: Tenant,
  call: Call,
  registry: Registry,
): Promise<void> {
  for (const name of names)
    if (!(await isNameOf(name, tenant, call, registry)))
      throw runtimeError('TENANT_MISMATCH', 'host, path, header and caller name different tenants', {
        hint: 'Name the tenant once, or the same everywhere.',
      })
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

function keyInvalid(): Error {
  return runtimeError('KEY_INVALID', 'the API key is not valid', {
    hint: 'It may be mistyped, expired or revoked (make another with `backsaas key create`), or its tenant suspended.',
    headers: { 'www-authenticate': 'Bearer realm="backsaas", error="invalid_token"' },
  })
}
