/** The functions that every runtime has, by the name that `POST /rest/v1/rpc/{name}` calls them by. */
import { JOB_KINDS } from '@backsaas/core'
import { explainAccess } from '../explain/explain-access.ts'
import { requestJob } from '../jobs/request-job.ts'
import { acceptInvitation, createInvitation, revokeInvitation } from '../keys/invitation-functions.ts'
import { createApiKey, revokeApiKey, rotateApiKey } from '../keys/key-functions.ts'
import type { BuiltInFunction } from './function-request.ts'

export const BUILT_IN_FUNCTIONS: ReadonlyMap<string, BuiltInFunction> = new Map([
  ['explain_access', explainAccess],
  ['create_api_key', createApiKey],
  ['rotate_api_key', rotateApiKey],
  ['revoke_api_key', revokeApiKey],
  ['create_invitation', createInvitation],
  ['accept_invitation', acceptInvitation],
  ['revoke_invitation', revokeInvitation],
  ...JOB_KINDS.map((kind) => [kind, requestJob(kind)] as const),
])
