/** Decides whether an operation may run; until a schema can say so itself, its `admin` role may do everything. */
import { type CompiledSchema, type Operation, PLATFORM_PLACEMENT_ID } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { DataRequest } from './data-request.ts'
import { runOperationStage } from './run-operation-stage.ts'

const ADMIN = 'admin'

/**
 * Refuses, or answers the operation as the plugins narrow it.
 *
 * @throws `42501` (403; `AUTH_REQUIRED`, 401, for an anonymous caller) where the caller holds no role that may; `REGISTRY_READ_ONLY`
 *   (403) for a write to the platform's schema; what a plugin's stage throws.
 */
export function authorize(operation: Operation, request: DataRequest): Operation | Promise<Operation> {
  const { principal, schema, plugins } = request
  if (!holdsAdmin(principal.roles, schema.compiled)) throw denied(operation, request)
  if (schema.placementId === PLATFORM_PLACEMENT_ID && operation.action !== 'read') throw readOnly(operation)
  return plugins.authorize.length === 0
    ? operation
    : runOperationStage('authorize', plugins.authorize, operation, request)
}

/** Whether one of the roles is `admin` or inherits it. */
function holdsAdmin(roles: readonly string[], schema: CompiledSchema): boolean {
  if (roles.includes(ADMIN)) return true
  const seen = new Set(roles)
  // A Set is walked on to what is added while walking.
  for (const role of seen)
    for (const inherited of Object.hasOwn(schema.roles, role) ? (schema.roles[role]?.inherits ?? []) : [])
      seen.add(inherited)
  return seen.has(ADMIN)
}

function denied({ entity }: Operation, { principal }: DataRequest): Error {
  const message = `permission denied for ${entity}`
  const hint = `The schema has no access rules, so it is open to the role "${ADMIN}" only; the caller has ${list(principal.roles)}.`
  if (principal.kind !== 'anonymous') return runtimeError('42501', message, { hint })
  return runtimeError('AUTH_REQUIRED', message, { hint, headers: { 'www-authenticate': 'Bearer realm="backsaas"' } })
}

function readOnly({ entity }: Operation): Error {
  return runtimeError('REGISTRY_READ_ONLY', `${entity} is the registry's and cannot be written over HTTP`, {
    hint: 'Use the `backsaas` command.',
  })
}

function list(roles: readonly string[]): string {
  return roles.length === 0 ? 'no role' : roles.map((role) => `"${role}"`).join(', ')
}
