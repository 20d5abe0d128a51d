/** Mistakes that whoever makes decisions could make, each made on purpose. */
import type { AccessRule, CallName, CompiledExpression, CompiledSchema, Decisions, Expression } from '@backsaas/core'

/** Decides rightly. */
export type Decide = (schema: CompiledSchema) => Promise<Decisions>
/** Decides wrongly, by one that decides rightly. */
export type Mistake = (decide: Decide, schema: CompiledSchema) => Promise<Decisions>

/** By what goes wrong. */
export const MISTAKES: Readonly<Record<string, Mistake>> = {
  denies_dropped: droppingRules((rule) => rule.effect === 'deny'),
  inherited_denies_dropped: droppingRules((rule, role) => rule.effect === 'deny' && rule.role !== role),
  inherited_allows_dropped: droppingRules((rule, role) => rule.effect === 'allow' && rule.role !== role),
  denies_of_fields_dropped: droppingRules((rule) => rule.effect === 'deny' && rule.fields !== undefined),
  denies_of_fields_hide_rows: changingRules((rule) => (rule.effect === 'deny' ? without(rule, 'fields') : rule)),
  null_allows: changingRules((rule) => (rule.effect === 'allow' ? nullAs(rule, true) : rule)),
  null_does_not_deny: changingRules((rule) => (rule.effect === 'deny' ? nullAs(rule, false) : rule)),
  null_passes_checks: changingRules((rule) => (rule.check ? { ...rule, check: orElse(rule.check, true) } : rule)),
  rows_ignored: changingRules((rule) => (rule.effect === 'allow' ? without(rule, 'where') : rule)),
  fields_ignored: changingRules((rule) => (rule.effect === 'allow' ? without(rule, 'fields') : rule)),
  checks_ignored: changingRules((rule) => without(rule, 'check')),
  fields_of_one_rule_on_rows_of_another: union,
  inheritance_reversed: (decide, schema) => decide({ ...schema, roles: reversed(schema.roles) }),
  inheritance_dropped: (decide, schema) => decide({ ...schema, roles: alone(schema.roles) }),
  deletes_judged_as_updates: takingActions({ delete: 'update' }),
  updates_judged_as_reads: takingActions({ update: 'read' }),
  creates_judged_as_updates: takingActions({ create: 'update' }),
  and_as_or: changingTrees((tree) => calling(tree, '&&', '||')),
  less_as_more: changingTrees((tree) => calling(tree, '<', '>')),
  not_left_out: changingTrees((tree) => (tree.node === 'call' && tree.call === '!' ? (tree.args[0] ?? tree) : tree)),
  some_as_every: changingTrees((tree) =>
    tree.node === 'relation' && tree.quantifier === 'exists' ? { ...tree, quantifier: 'all' } : tree,
  ),
  caller_is_the_tenant: changingTrees((tree) =>
    tree.node === 'variable' && tree.name === 'current_user.id' ? { ...tree, name: 'tenant.id' } : tree,
  ),
}

function changingRules(change: (rule: AccessRule) => AccessRule): Mistake {
  return async (decide, schema) => {
    const right = await decide(schema)
    return { ...right, rules: right.rules.map(change) }
  }
}

/** Of every expression of every rule, each part of it, the innermost first. */
function changingTrees(change: (tree: Expression) => Expression): Mistake {
  const changed = (expression: CompiledExpression): CompiledExpression => ({
    ...expression,
    tree: everywhere(expression.tree, change),
  })
  return changingRules((rule) => ({
    ...rule,
    ...(rule.where ? { where: changed(rule.where) } : {}),
    ...(rule.check ? { check: changed(rule.check) } : {}),
  }))
}

function everywhere(tree: Expression, change: (tree: Expression) => Expression): Expression {
  const inner = (child: Expression): Expression => everywhere(child, change)
  switch (tree.node) {
    case 'call':
      return change({ ...tree, args: tree.args.map(inner) })
    case 'list':
      return change({ ...tree, items: tree.items.map(inner) })
    case 'relation':
      return change({ ...tree, where: inner(tree.where) })
    case 'each':
      return change({ ...tree, list: inner(tree.list), where: inner(tree.where) })
    default:
      return change(tree)
  }
}

function calling(tree: Expression, one: CallName, other: CallName): Expression {
  return tree.node === 'call' && tree.call === one ? { ...tree, call: other } : tree
}

/** Leaves out rules of a role. */
function droppingRules(isDropped: (rule: AccessRule, role: string) => boolean): Mistake {
  return async (decide, schema) => {
    const right = await decide(schema)
    return mapIndexes(right, (indexes, role) =>
      indexes.filter((index) => {
        const rule = right.rules[index]
        return rule !== undefined && !isDropped(rule, role)
      }),
    )
  }
}

function mapIndexes(
  decisions: Decisions,
  change: (indexes: readonly number[], role: string) => readonly number[],
): Decisions {
  const roles = mapValues(decisions.roles, (entities, role) =>
    mapValues(entities, (actions) => mapValues(actions, (indexes) => change(indexes ?? [], role))),
  )
  return { ...decisions, roles }
}

function takingActions(from: Readonly<Record<string, 'read' | 'update'>>): Mistake {
  return async (decide, schema) => {
    const right = await decide(schema)
    const roles = mapValues(right.roles, (entities) =>
      mapValues(entities, (actions) => {
        const taken = Object.entries(from).map(([action, other]) => [action, actions[other] ?? []])
        return { ...actions, ...Object.fromEntries(taken) }
      }),
    )
    return { ...right, roles }
  }
}

/** What one of the rules that somebody comes under grants is granted on the rows that any of them admits. */
async function union(decide: Decide, schema: CompiledSchema): Promise<Decisions> {
  const right = await decide(schema)
  const rules = right.rules.map((rule, index) => {
    const together = right.rules.filter(
      (other, at) => rule.effect === 'allow' && other.effect === 'allow' && meet(right, index, at),
    )
    if (together.length < 2) return rule
    if (together.some(({ fields }) => fields === undefined)) return without(rule, 'fields')
    return { ...rule, fields: [...new Set(together.flatMap(({ fields }) => fields ?? []))] }
  })
  return { ...right, rules }
}

/** Whether some role comes under both rules for one action. */
function meet({ roles }: Decisions, a: number, b: number): boolean {
  const lists = Object.values(roles).flatMap((entities) =>
    Object.values(entities).flatMap((actions) => Object.values(actions)),
  )
  return lists.some((indexes) => indexes?.includes(a) && indexes.includes(b))
}

type Roles = CompiledSchema['roles']

function reversed(roles: Roles): Roles {
  return mapValues(roles, (_, name) => ({
    inherits: Object.keys(roles).filter((other) => roles[other]?.inherits.includes(name)),
  }))
}

function alone(roles: Roles): Roles {
  return mapValues(roles, () => ({ inherits: [] }))
}

function nullAs(rule: AccessRule, value: boolean): AccessRule {
  return rule.where ? { ...rule, where: orElse(rule.where, value) } : rule
}

function orElse(expression: CompiledExpression, value: boolean): CompiledExpression {
  const otherwise: Expression = { node: 'literal', type: 'bool', text: String(value) }
  const tree: Expression = { node: 'call', call: 'coalesce', type: 'bool', args: [expression.tree, otherwise] }
  return { ...expression, source: `coalesce(${expression.source}, ${value})`, tree }
}

function without(rule: AccessRule, part: 'fields' | 'where' | 'check'): AccessRule {
  const { [part]: _left, ...rest } = rule
  return rest
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]))
}
