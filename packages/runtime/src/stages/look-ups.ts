/** What plugins may look up of tenants, for the request that they are asked about. */
import { type IdentifyContext, parseApiKey } from '@backsaas/core'
import type { Call } from '../http/call.ts'
import { type TenantName, tenantName } from '../http/tenant-names.ts'
import type { LoadedPlugins } from '../plugins/load-plugins.ts'
import type { Registry } from '../registry/registry.ts'
import type { Tenant } from '../registry/registry-rows.ts'
import type { KeyHeaders } from './read-key-headers.ts'

export interface Named {
  readonly names: readonly TenantName[]
  readonly headers: KeyHeaders
}

/** @param named what the request names, read when it is asked for. */
export function lookUps(call: Call, named: () => Named, registry: Registry, plugins: LoadedPlugins): IdentifyContext {
  return {
    scope: call.scope,
    for: plugins.for,
    namedTenant: async () => findNamed(named(), call, registry),
    tenant: (name) => registry.tenant(tenantName(name, 'caller'), call),
    registryRows: (tenantId, entity, query) => registry.rows(tenantId, entity, query, call),
  }
}

/** The first of the names that is a tenant's; that all of them agree is found out once the caller is known. */
export async function findNamed(
  { names, headers: { apikey } }: Named,
  call: Call,
  registry: Registry,
): Promise<Tenant | null> {
  const parts = apikey === null ? null : parseApiKey(apikey)
  const all: readonly TenantName[] = parts ? [...names, { by: 'id', value: parts.tenantId, from: 'caller' }] : names
  for (const name of all) {
    const found = await registry.tenant(name, call)
    if (found) return found
  }
  return null
}
