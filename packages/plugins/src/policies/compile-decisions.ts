/** The rules of a schema and a tenant's policies to decisions: compile, put into the model, tabulate. Runs on Node. */
import type { CompiledSchema, Decisions, PolicyRow } from '@backsaas/core'
import { checkAmount, ROLES_MAX } from './amounts.ts'
import { compilePolicy } from './compile-policy.ts'
import { tabulate } from './decision-table.ts'
import { policyError } from './policy-errors.ts'
import { createPolicyModel, type PlacedRule } from './policy-model.ts'

/**
 * @param policies the tenant's own, of this schema.
 * @returns decisions, with the `faults` of policies that do not fit the schema: such a one grants nothing where it allows,
 *   and where it forbids it forbids its action on its entity to its role altogether.
 * @throws `POLICIES_TOO_MANY` (422) where there are more rules, roles or policies than can be decided on.
 * @example (await compileDecisions(crm, [])).roles.sales?.contacts?.read // [0]
 */
export async function compileDecisions(schema: CompiledSchema, policies: readonly PolicyRow[]): Promise<Decisions> {
  checkRoles(schema)
  checkAmount(policies)
  const own = Object.values(schema.entities).flatMap(({ name, access = [] }) =>
    access.map((rule): PlacedRule => ({ entity: name, rule })),
  )
  const compiled = policies.map((policy) => ({ entity: policy.entity, ...compilePolicy(policy, schema) }))
  const rules = [...own, ...compiled.flatMap(({ entity, rule }) => (rule ? [{ entity, rule }] : []))]
  const model = await createPolicyModel(schema.roles, rules)
  const roles = await tabulate(model, Object.keys(schema.roles), schema.name)
  const faults = compiled.flatMap((policy) => policy.faults)
  return { rules: rules.map(({ rule }) => rule), roles, ...(faults.length > 0 && { faults }) }
}

function checkRoles({ name, roles }: CompiledSchema): void {
  const count = Object.keys(roles).length
  if (count <= ROLES_MAX) return
  throw policyError(
    'POLICIES_TOO_MANY',
    `the schema ${name} has ${count} roles, and rules are for ${ROLES_MAX} at most`,
  )
}
