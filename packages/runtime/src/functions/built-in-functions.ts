/** The functions that every runtime has, by the name that `POST /rest/v1/rpc/{name}` calls them by. */
import { JOB_KINDS, PLATFORM_PLACEMENT_ID } from '@backsaas/core'
import { ADMIN, effectiveRoles } from '../access/holds-admin.ts'
import { runtimeError } from '../errors/error-catalogue.ts'
import { explainAccess } from '../explain/explain-access.ts'
import { requestJob } from '../jobs/request-job.ts'
import { acceptInvitation, createInvitation, revokeInvitation } from '../keys/invitation-functions.ts'
import { createApiKey, revokeApiKey, rotateApiKey } from '../keys/key-functions.ts'
import type { BuiltInFunction, FunctionRequest } from './function-request.ts'

const OWN: readonly (readonly [name: string, run: BuiltInFunction])[] = [
  ['explain_access', explainAccess],
  ['create_api_key', createApiKey],
  ['rotate_api_key', rotateApiKey],
  ['revoke_api_key', revokeApiKey],
  ['create_invitation', createInvitation],
  ['accept_invitation', acceptInvitation],
  ['revoke_invitation', revokeInvitation],
  ...JOB_KINDS.map((kind) => [kind, requestJob(kind)] as const),
]

export const BUILT_IN_FUNCTIONS: ReadonlyMap<string, BuiltInFunction> = new Map(
  OWN.map(([name, run]) => [
    name,
    async (request: FunctionRequest) => {
      refuseUnnamed(name, request)
      return run(request)
    },
  ]),
)

/** Of the registry there are those that `platform.yaml` names, for the roles that it says; a database that was set up earlier names none. */
function refuseUnnamed(name: string, { open, principal }: FunctionRequest): void {
  const { functions } = open.compiled
  if (open.placementId !== PLATFORM_PLACEMENT_ID || !functions) return
  const named = Object.hasOwn(functions, name) ? functions[name] : undefined
  if (!named)
    throw runtimeError('PGRST202', `Could not find the function ${name} in the schema cache`, {
      hint: 'The schema of the platform does not name it.',
    })
  const held = effectiveRoles(principal.roles, open.compiled)
  if (!named.roles || held.has(ADMIN) || named.roles.some((role) => held.has(role))) return
  throw runtimeError('42501', `permission denied for function ${name}`, {
    hint: `It is for the roles ${named.roles.join(', ')}.`,
  })
}
