/** Who may call the functions that make and end keys and invitations, and which roles these may name. */
import { type Action, inScope, PLATFORM_PLACEMENT_ID } from '@backsaas/core'
import { holdsAdmin } from '../access/holds-admin.ts'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { FunctionRequest } from '../functions/function-request.ts'

/**
 * @throws `PGRST202` (404) under another profile than `platform`, and where this database's registry lacks the entity.
 */
export function ofRegistry(name: string, entity: string, { open, profile }: FunctionRequest): void {
  const isThere = open.placementId === PLATFORM_PLACEMENT_ID && Object.hasOwn(open.compiled.entities, entity)
  if (isThere) return
  throw runtimeError('PGRST202', `Could not find the function ${name} in the schema cache`, {
    hint: `It is of the registry, and this is the profile ${profile}: send Content-Profile: platform.`,
  })
}

/**
 * Admins of the tenant. A caller of narrower scopes ends what they reach, and makes nothing that would reach further.
 *
 * @throws as `ofRegistry`; `42501` (403).
 */
export function administers(name: string, entity: string, action: Action, request: FunctionRequest): void {
  ofRegistry(name, entity, request)
  const { principal, open } = request
  const reaches = action === 'create' ? principal.scopes === undefined : inScope(principal.scopes, entity, action)
  if (holdsAdmin(principal.roles, open.compiled) && reaches) return
  throw runtimeError('42501', `permission denied for function ${name}`, {
    hint: 'It is for the role "admin" of the tenant, and of no narrower scope.',
  })
}

/** @throws `ARGUMENTS_INVALID` (422): a role that no schema knows would open nothing, and nobody would be told. */
export async function knownRoles(roles: unknown, request: FunctionRequest): Promise<readonly string[]> {
  const named = (roles as readonly string[]).map(String) // a list, as its argument was checked
  const schemas = [...(await request.schemas()), request.open.compiled]
  const known = new Set(['admin', ...schemas.flatMap((schema) => Object.keys(schema.roles))])
  const unknown = named.filter((role) => !known.has(role))
  if (unknown.length === 0) return named
  throw runtimeError('ARGUMENTS_INVALID', `no schema of the tenant has the role ${unknown.join(', ')}`, {
    hint: `Its roles are ${[...known].sort().join(', ')}.`,
    errors: [{ pointer: '/roles', code: 'UNKNOWN_ROLE', detail: `no schema of the tenant has ${unknown.join(', ')}` }],
  })
}
