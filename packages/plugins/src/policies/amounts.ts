/** How many rules are decided on: compiling takes time that other tenants wait for, and the table takes memory. */
import type { PolicyRow } from '@backsaas/core'
import { policyError } from './policy-errors.ts'

export const ROLES_MAX = 200
/** Of a table: each is a rule that holds for a role. */
export const CELLS_MAX = 500_000
/** Of one tenant. */
export const POLICIES_MAX = 1000
/** Of their expressions together, as in a schema. */
export const CHARACTERS_MAX = 100_000

/** @throws `POLICIES_TOO_MANY` (422). */
export function checkAmount(policies: readonly Pick<PolicyRow, 'where' | 'check'>[]): void {
  if (policies.length > POLICIES_MAX)
    throw policyError('POLICIES_TOO_MANY', `a tenant has at most ${POLICIES_MAX} policies`)
  const characters = policies.reduce((sum, { where, check }) => sum + (where?.length ?? 0) + (check?.length ?? 0), 0)
  if (characters <= CHARACTERS_MAX) return
  const message = `the expressions of a tenant's policies have at most ${CHARACTERS_MAX} characters together`
  throw policyError('POLICIES_TOO_MANY', message)
}
