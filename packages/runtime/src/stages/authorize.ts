/** Decides whether an operation may run. Which rows and fields it reaches is in the view of the schema that it is planned on. */
import { type Action, type Operation, PLATFORM_PLACEMENT_ID } from '@backsaas/core'
import type { EntityAccess } from '../access/entity-access.ts'
import { ADMIN, holdsAdmin } from '../access/holds-admin.ts'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { DataRequest } from './data-request.ts'
import { runOperationStage } from './run-operation-stage.ts'

const ACTIONS: Readonly<Record<string, Action>> = {
  GET: 'read',
  HEAD: 'read',
  POST: 'create',
  PUT: 'create',
  PATCH: 'update',
  DELETE: 'delete',
}

/**
 * Before anything of the request is read: whether its caller may do at all what its method asks of the entity.
 *
 * @throws as `authorize`.
 */
export function authorizeMethod(request: DataRequest): void {
  const { schema, entity } = request
  const action = ACTIONS[request.request.method]
  if (action === undefined || !Object.hasOwn(schema.served.entities, entity)) return
  if (schema.access === null) {
    if (!isOpen(request)) throw closed({ entity, action }, request)
    return
  }
  const access = schema.access.entities[entity]
  // A PUT may turn out to be either.
  const able = request.request.method === 'PUT' ? access?.create || access?.update : access && may(access, action)
  if (!able) throw denied(entity, action, request)
}

/**
 * Refuses, or answers the operation as the plugins narrow it.
 *
 * @throws `42501` (403; `AUTH_REQUIRED`, 401, for an anonymous caller) where no rule lets the caller do it; `REGISTRY_READ_ONLY`
 *   (403) for a write to the platform's schema that it has no rule for; what a plugin's stage throws.
 */
export function authorize(operation: Operation, request: DataRequest): Operation | Promise<Operation> {
  const { schema, plugins } = request
  const allowed = schema.access === null ? operation : byRules(operation, request)
  if (schema.access === null) {
    if (!isOpen(request)) throw closed(operation, request)
    const isRegistry = schema.placementId === PLATFORM_PLACEMENT_ID && operation.action !== 'read'
    if (isRegistry && !(request.unruled && OF_FUNCTIONS.has(operation.entity))) throw readOnly(operation)
  }
  return plugins.authorize.length === 0 ? allowed : runOperationStage('authorize', plugins.authorize, allowed, request)
}

/** What functions write of the registry, past its rules. */
const OF_FUNCTIONS: ReadonlySet<string> = new Set(['notifications', 'audit_notes'])

function isOpen({ principal, schema, unruled }: DataRequest): boolean {
  return unruled || holdsAdmin(principal.roles, schema.compiled)
}

export function may(access: EntityAccess, action: Action): boolean {
  if (action === 'create') return access.create !== null
  // Rows are chosen by what can be seen of them.
  return access.read !== null && access[action] !== null
}

function byRules(operation: Operation, request: DataRequest): Operation {
  const { action, entity, upsert, returning } = operation
  const access = request.schema.access?.entities[entity]
  if (!access || !may(access, action)) throw denied(entity, action, request)
  if (upsert?.resolution === 'merge' && !may(access, 'update')) throw denied(entity, 'update', request)
  if (returning === 'representation' && access.read === null) throw denied(entity, 'read', request)
  if (action !== 'create' || returning !== 'headers-only') return operation
  // The place of a row is named by its key.
  const key = request.schema.compiled.entities[entity]?.key ?? []
  return key.every((field) => access.read?.fields.get(field)?.length === 0)
    ? operation
    : { ...operation, returning: 'minimal' }
}

function closed({ entity, action }: Pick<Operation, 'entity' | 'action'>, request: DataRequest): Error {
  return refusal(entity, action, request, `The schema has no access rules, so it is open to the role "${ADMIN}" only`)
}

function denied(entity: string, action: Action, request: DataRequest): Error {
  if (request.schema.placementId === PLATFORM_PLACEMENT_ID && !isEverAllowed(entity, action, request))
    return readOnly({ entity })
  return refusal(entity, action, request, 'No rule allows it, or one forbids it')
}

/** Whether some rule of the schema lets anybody do it. */
function isEverAllowed(entity: string, action: Action, { schema }: DataRequest): boolean {
  const rules = schema.compiled.entities[entity]?.access ?? []
  return action === 'read' || rules.some((rule) => rule.effect === 'allow' && rule.action === action)
}

function refusal(entity: string, action: Action, { principal }: DataRequest, reason: string): Error {
  const message = action === 'read' ? `permission denied for ${entity}` : `permission denied to ${action} ${entity}`
  const hint = `${reason}; the caller has ${list(principal.roles)}.`
  if (principal.kind !== 'anonymous') return runtimeError('42501', message, { hint })
  return runtimeError('AUTH_REQUIRED', message, { hint, headers: { 'www-authenticate': 'Bearer realm="backsaas"' } })
}

function readOnly({ entity }: Pick<Operation, 'entity'>): Error {
  return runtimeError('REGISTRY_READ_ONLY', `${entity} is the registry's and cannot be written over HTTP`, {
    hint: 'Use the `backsaas` command.',
  })
}

function list(roles: readonly string[]): string {
  return roles.length === 0 ? 'no role' : roles.map((role) => `"${role}"`).join(', ')
}
