/** The functions of the platform itself, as `schemas/platform.yaml` names them: the runtime and its worker of jobs are what runs them. */
import * as v from 'valibot'
import { defineFunction, type FunctionDefinition } from '../contracts/function.ts'
import { BackSaasError } from '../errors/backsaas-error.ts'
import { JOB_KINDS } from '../jobs/job.ts'

const OWN = [
  ...['create_api_key', 'rotate_api_key', 'revoke_api_key'],
  ...['create_invitation', 'accept_invitation', 'revoke_invitation'],
  'explain_access',
] as const

/** By name; what each is called with is checked where it is run. */
export const PLATFORM_FUNCTIONS: readonly FunctionDefinition[] = Object.freeze(
  [...OWN, ...JOB_KINDS].map((name) =>
    defineFunction({
      name,
      kind: 'compute',
      needs: 'writes',
      callable: true,
      description: 'Of the registry: it is called under the profile `platform`.',
      params: v.strictObject({}),
      run() {
        throw new BackSaasError('FUNCTION_NOT_GIVEN', 503, `${name} is run by the runtime itself`)
      },
    }),
  ),
)
