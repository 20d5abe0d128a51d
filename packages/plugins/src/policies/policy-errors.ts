/** What the plugin throws, with the status of each. */
import { BackSaasError, type ErrorOptions } from '@backsaas/core'

export const POLICY_ERRORS = {
  POLICY_INVALID: { status: 422, message: 'The policy does not fit the schema that it is about.' },
  POLICIES_TOO_MANY: { status: 422, message: 'The rules are more than can be decided on.' },
  POLICY_WITHOUT_ID: { status: 400, message: 'Policies are changed by their ids.' },
  POLICY_NOT_COMPILED: { status: 503, message: 'Policies are not compiled here.' },
} as const

export function policyError(code: keyof typeof POLICY_ERRORS, message: string, options?: ErrorOptions): BackSaasError {
  return new BackSaasError(code, POLICY_ERRORS[code].status, message, options)
}
