/** Whether a text is an API key: one answer for all that is none. */
import { BackSaasError, parseApiKey } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { Call } from '../http/call.ts'
import type { Registry } from '../registry/registry.ts'
import type { KeyRow, Tenant } from '../registry/registry-rows.ts'
import { verifyKey } from '../registry/verify-key.ts'

export interface ProvenKey {
  readonly tenant: Tenant
  readonly row: KeyRow
}

/**
 * The key's row and its tenant, which may be suspended. Unknown tenant, unknown prefix, wrong secret, expired, revoked: one
 * answer for all, after the same work. What else stands in the way is told to who has proven the key, and to nobody before.
 *
 * @throws `KEY_INVALID` (401).
 */
export async function proveKey(key: string, call: Call, registry: Registry): Promise<ProvenKey> {
  const parts = parseApiKey(key)
  if (!parts) throw keyInvalid()
  const tenant = await registry.tenant({ by: 'id', value: parts.tenantId, from: 'caller' }, call)
  const row = tenant && (await readableKey(tenant, parts.prefix, call, registry))
  const valid = await verifyKey(key, row, call.scope.now())
  if (!tenant || !row || !valid) throw keyInvalid()
  if (!tenant.suspended) registry.noteKeyUse(tenant.id, row.id, call)
  return { tenant, row }
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

function keyInvalid(): Error {
  return runtimeError('KEY_INVALID', 'the API key is not valid', {
    hint: 'It may be mistyped, expired or revoked (make another with `backsaas key create`), or its tenant suspended.',
    headers: { 'www-authenticate': 'Bearer realm="backsaas", error="invalid_token"' },
  })
}
