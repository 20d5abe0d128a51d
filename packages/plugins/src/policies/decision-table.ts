/** From the model to the table that requests look up. */
import type { Action, Decisions } from '@backsaas/core'
import type { Enforcer } from 'casbin'
import { CELLS_MAX } from './amounts.ts'
import { policyError } from './policy-errors.ts'
import { DOMAIN, POLICY } from './policy-model.ts'

type EntityRow = Record<string, Partial<Record<Action, number[]>>>

/**
 * By role, entity and action the rules that hold, lowest index first. Roles without any are left out.
 *
 * @throws `POLICIES_TOO_MANY` (422) where roles inherit more rules together than a table holds.
 */
export async function tabulate(model: Enforcer, roles: readonly string[], schema: string): Promise<Decisions['roles']> {
  const table: Record<string, EntityRow> = Object.create(null)
  let cells = 0
  for (const role of roles) {
    const held = await model.getImplicitPermissionsForUser(role, DOMAIN)
    cells += held.length
    if (cells > CELLS_MAX)
      throw policyError('POLICIES_TOO_MANY', `the roles of the schema ${schema} have more than ${CELLS_MAX} rules`, {
        hint: 'let fewer roles inherit from each other, or write fewer rules',
      })
    if (held.length > 0) table[role] = rowOf(held)
  }
  return table
}

function rowOf(held: readonly (readonly string[])[]): EntityRow {
  const row: EntityRow = Object.create(null)
  for (const policy of held) {
    const entity = policy[POLICY.entity] ?? ''
    const action = policy[POLICY.action] as Action // as it was put in
    const actions = row[entity] ?? {}
    const rules = actions[action] ?? []
    rules.push(Number(policy[POLICY.rule]))
    actions[action] = rules
    row[entity] = actions
  }
  for (const actions of Object.values(row)) for (const rules of Object.values(actions)) rules.sort((a, b) => a - b)
  return row
}
