/** The Casbin model of a schema's rules: role-based access in domains, where a rule that forbids overrides. */
import type { AccessRule, CompiledSchema } from '@backsaas/core'
import { DefaultRoleManager, type Enforcer, newEnforcer, newModelFromString } from 'casbin'

/** A rule and the entity that it is about. */
export interface PlacedRule {
  readonly entity: string
  readonly rule: AccessRule
}

/**
 * A model is made for one tenant, which is its one domain: there is no other tenant's rule in it. `rule` is the index of
 * the rule. To Casbin a rule that forbids some rows or fields only is neither allow nor deny (`eft` is `narrow`): such a
 * rule leaves the action allowed, and the planner leaves out the rows and fields.
 */
const MODEL = `
[request_definition]
r = sub, dom, obj, act
[policy_definition]
p = sub, dom, obj, act, eft, rule
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.obj == p.obj && r.act == p.act
`

export const DOMAIN = 'tenant'
/** Where a policy, as Casbin answers it, has its entity, its action and the index of its rule. */
export const POLICY = { entity: 2, action: 3, rule: 5 } as const

/**
 * @example
 * const model = await createPolicyModel(crm.roles, [{ entity: 'contacts', rule }])
 * await model.enforce('sales', DOMAIN, 'contacts', 'read') // whether on some row
 */
export async function createPolicyModel(
  roles: CompiledSchema['roles'],
  rules: readonly PlacedRule[],
): Promise<Enforcer> {
  const enforcer = await newEnforcer(newModelFromString(MODEL))
  // Of itself Casbin follows ten steps of inheritance.
  enforcer.setRoleManager(new DefaultRoleManager(Object.keys(roles).length))
  await enforcer.addPolicies(
    rules.map(({ entity, rule }, index) => [rule.role, DOMAIN, entity, rule.action, effectOf(rule), String(index)]),
  )
  await enforcer.addGroupingPolicies(
    Object.entries(roles).flatMap(([role, { inherits }]) => inherits.map((parent) => [role, parent, DOMAIN])),
  )
  return enforcer
}

function effectOf({ effect, where, fields }: AccessRule): string {
  return effect === 'deny' && (where || fields) ? 'narrow' : effect
}
