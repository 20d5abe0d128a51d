/** The issuers that a tenant trusts by its own rows of `identity_providers`. */
import type { IdentifyContext, JsonObject } from '@backsaas/core'
import { type Issuer, PROVIDERS_QUERY, providerKey, readProvider } from './issuer.ts'
import type { KeyFetching } from './issuer-options.ts'

export interface Providers {
  /** Those of that name of the tenant that the request names; none where it names none. */
  issuersOf(name: string, context: IdentifyContext): Promise<readonly Issuer[]>
}

/** Each has keys that were fetched: those that were asked for longest ago are fetched again. */
const MAX_PROVIDERS = 1_000

export function createProviders(fetching: KeyFetching): Providers {
  const issuers = new Map<string, Issuer | null>()
  const byRows = new WeakMap<readonly JsonObject[], readonly Issuer[]>()

  function read(rows: readonly JsonObject[], tenantId: string): readonly Issuer[] {
    const known = byRows.get(rows)
    if (known) return known
    const made = rows.flatMap((row) => issuerOf(row, tenantId) ?? [])
    byRows.set(rows, made)
    return made
  }

  function issuerOf(row: JsonObject, tenantId: string): Issuer | null {
    const key = providerKey(row, tenantId)
    const known = issuers.get(key)
    if (known !== undefined) return known
    const issuer = readable(row, tenantId, fetching)
    issuers.set(key, issuer)
    if (issuers.size > MAX_PROVIDERS) issuers.delete(issuers.keys().next().value as string) // not empty: one was just set
    return issuer
  }

  return {
    async issuersOf(name, context) {
      const tenant = await context.namedTenant()
      if (!tenant) return []
      const rows = await context.registryRows(tenant.id, 'identity_providers', PROVIDERS_QUERY)
      return read(rows, tenant.id).filter(({ issuer }) => issuer === name)
    },
  }
}

/** A row that makes no sense speaks for nobody: its tokens are of an issuer that is not known. */
function readable(row: JsonObject, tenantId: string, fetching: KeyFetching): Issuer | null {
  try {
    return readProvider(row, tenantId, fetching)
  } catch {
    return null
  }
}
