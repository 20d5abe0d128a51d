/** Random rule sets: roles that inherit, rules that allow and forbid, with rows, fields and checks. */
import type { Random } from './random.ts'
import { randomCondition, type Site } from './random-expressions.ts'
import { ACTIONS, type Action, nameable, type Rule, type RuleSet } from './rules.ts'
import { ENTITIES, ENTITY_NAMES, type EntityName } from './world.ts'

/** In the order in which one may inherit those before it. */
const ROLES = ['viewer', 'member', 'sales', 'editor', 'admin'] as const
export const ANONYMOUS = 'anonymous'

/** @param tenants the slugs that rules may name. */
export function randomRuleSet(random: Random, tenants: readonly string[]): RuleSet {
  const roles: Record<string, readonly string[]> = {}
  for (const [index, role] of ROLES.entries()) roles[role] = random.some(ROLES.slice(0, index), 0.3)
  if (random.chance(0.4)) roles[ANONYMOUS] = []
  // Now and then an entity that nobody has written rules for, or a schema that has none.
  const ruled = random.chance(0.06) ? [] : random.some(ENTITY_NAMES, 0.94, 1)
  const rules = ruled.flatMap((entity) =>
    Object.keys(roles).flatMap((role) => rulesOfRole({ random, entity, roles: Object.keys(roles), tenants }, role)),
  )
  return { roles, ruled, rules }
}

/** What a tenant adds to the rules of its schema: nothing most of the time. */
export function randomPolicies(random: Random, set: RuleSet, tenants: readonly string[]): readonly Rule[] {
  if (random.chance(0.6)) return []
  const roles = Object.keys(set.roles)
  return Array.from({ length: 1 + random.below(4) }, () => {
    const entity = random.pick(ENTITY_NAMES)
    const of = { role: random.pick(roles), entity, action: random.pick(ACTIONS) }
    const site: Site = { random, entity, roles, tenants }
    return random.chance(0.6) ? allowing(site, of) : denying(site, of)
  })
}

function rulesOfRole(site: Site, role: string): readonly Rule[] {
  return ACTIONS.flatMap((action) => rulesOfAction(site, role, action))
}

const ALLOWED: Readonly<Record<Action, number>> = { read: 0.75, create: 0.55, update: 0.6, delete: 0.5 }

function rulesOfAction(site: Site, role: string, action: Action): readonly Rule[] {
  const { random, entity } = site
  const of = { role, entity, action } as const
  if (random.chance(0.03)) return [{ ...of, effect: 'deny' }]
  return [
    ...(random.chance(ALLOWED[action]) ? [allowing(site, of)] : []),
    ...(random.chance(0.12) ? [denying(site, of)] : []),
  ]
}

type Cell = Pick<Rule, 'role' | 'entity' | 'action'>

function allowing(site: Site, of: Cell): Rule {
  const { random } = site
  const writes = of.action === 'create' || of.action === 'update'
  return {
    ...of,
    effect: 'allow',
    ...(random.chance(of.action === 'create' ? 0.25 : 0.55) ? { where: randomCondition(site) } : {}),
    ...(of.action !== 'delete' && random.chance(0.55) ? someFields(site, of) : {}),
    ...(writes && random.chance(0.35) ? { check: randomCondition(site) } : {}),
  }
}

/** Keys most of the time: without them little can be asked. */
function someFields({ random, entity }: Site, { action }: Cell): Pick<Rule, 'fields' | 'asExcept'> {
  const all = nameable(entity, action)
  const fields = random.some(all, random.pick([0.4, 0.6, 0.85]), 1)
  const keyed = random.chance(0.75) ? all.filter((name) => fields.includes(name) || isKey(entity, name)) : fields
  const asExcept = random.chance(0.3) && keyed.length < all.length
  return asExcept ? { fields: keyed, asExcept: true } : { fields: keyed }
}

function denying(site: Site, of: Cell): Rule {
  const { random } = site
  const conditional = random.chance(0.75)
  const fields = of.action !== 'delete' && (!conditional || random.chance(0.5)) ? fewFields(site, of) : {}
  return {
    ...of,
    effect: 'deny',
    ...(conditional || of.action === 'delete' ? { where: randomCondition(site, 1) } : {}),
    ...fields,
  }
}

function fewFields({ random, entity }: Site, { action }: Cell): Pick<Rule, 'fields'> {
  return { fields: random.some(nameable(entity, action), 0.2, 1) }
}

function isKey(entity: EntityName, name: string): boolean {
  return ENTITIES[entity].key.includes(name)
}
