/** Which requests of a tenant may share a transaction, and so the price of one. */
import { type BatchHints, type Operation, PLATFORM_PLACEMENT_ID, type Statement } from '@backsaas/core'
import type { BoundSchema } from '../binding/bound-schema.ts'
import { equalities } from '../planner/equalities.ts'

/** Characters of a parameter: the body of a create of some rows. */
const MAX_SHARED = 4096

const ALONE: BatchHints = {}

/**
 * Reads share, and so do creates, which lock nothing that was there before, and updates of one row by its key. Not shared is
 * what is long or locks many rows, what sets something for its transaction (a time zone, who acts on the registry), and what
 * is meant to be undone.
 */
export function batchHints(
  operation: Operation,
  statements: readonly Statement[],
  { placementId, compiled }: BoundSchema,
  tenantId: string,
): BatchHints {
  const { action, entity, upsert, rollback, timeZone } = operation
  if (timeZone !== undefined) return ALONE
  if (action === 'read') return { sharedBy: tenantId }
  if (rollback || placementId === PLATFORM_PLACEMENT_ID || !isShort(statements)) return ALONE
  if (action === 'create') return upsert ? ALONE : { sharedBy: `${tenantId} create` }
  if (action !== 'update') return ALONE
  const key = soleKey(operation, compiled.entities[entity]?.key ?? [])
  return key === null ? ALONE : { sharedBy: `${tenantId} update`, locks: `${entity} ${key}` }
}

function isShort(statements: readonly Statement[]): boolean {
  return statements.every(({ params }) => params.every((param) => param === null || param.length <= MAX_SHARED))
}

/** The key that every row which is reached has; null where it takes several fields, or another condition. */
function soleKey({ query, params }: Operation, key: readonly string[]): string | null {
  const [field = ''] = key
  const param = key.length === 1 ? equalities(query).get(field) : undefined
  return param === undefined ? null : (params[param] ?? null)
}
