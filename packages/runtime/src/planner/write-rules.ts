/** What rules ask of the rows of a write: of the row as it is, and of the row as it becomes. */
import { type AccessRule, type Action, type Input, REFUSED } from '@backsaas/core'
import { toSql } from '@backsaas/core/expression'
import { type SQL, sql } from 'drizzle-orm'
import { type EntityAccess, names, type WriteAccess } from '../access/entity-access.ts'
import { refuse } from './render.ts'
import { admitted, anyOf, environmentOf, rawColumn } from './rules.ts'
import type { PlanScope } from './scope.ts'

/** Null where no rules hold. */
export function entityAccess({ schema, entity }: PlanScope): EntityAccess | null {
  return schema.access?.entities[entity.compiled.name] ?? null
}

/** What a client gave: what hooks have added beside it is the schema's own, and asks for no right. */
export function givenColumns(input: Input | undefined): readonly string[] {
  const { columns = [], added } = input ?? {}
  return added ? columns.filter((name) => !added.includes(name)) : columns
}

/** For each given field the rules that grant it, fields alike taken together; with no field given, all rules. */
function groupsOf({ allow }: WriteAccess, columns: readonly string[]): readonly (readonly AccessRule[])[] {
  if (columns.length === 0) return [allow]
  const groups = columns.map((field) => allow.filter((rule) => names(rule, field)))
  return [...new Map(groups.map((group) => [group.map((rule) => allow.indexOf(rule)).join(), group])).values()]
}

/** Those that forbid the whole row, and those that forbid a given field. */
function deniesOf({ deny }: WriteAccess, columns: readonly string[]): readonly AccessRule[] {
  return deny.filter((rule) => rule.fields === undefined || columns.some((field) => rule.fields?.includes(field)))
}

function forbids(scope: PlanScope, access: WriteAccess, columns: readonly string[]): readonly SQL[] {
  const environment = environmentOf(scope, false)
  return deniesOf(access, columns).map(({ where }) =>
    where ? sql`not coalesce((${toSql(where.tree, environment)}), true)` : sql`false`,
  )
}

function all(parts: readonly SQL[]): SQL | null {
  return parts.length === 0 ? null : sql.join([...parts], sql` and `)
}

/** Of an update: whether the row as it is may be changed in these columns; null: always. */
export function updatable(scope: PlanScope, access: WriteAccess, columns: readonly string[]): SQL | null {
  const environment = environmentOf(scope, false)
  const granted = groupsOf(access, columns).flatMap((group) => {
    if (group.length === 0) return [sql`false`]
    if (group.some((rule) => !rule.where)) return []
    return [anyOf(group.map(({ where }) => (where ? sql`(${toSql(where.tree, environment)})` : sql`true`)))]
  })
  return all([...granted, ...forbids(scope, access, columns)])
}

/**
 * Of an update: whether what the row becomes is allowed, each field by a rule that admits the row as it was; null: always.
 *
 * @param next the scope in which columns are what they become.
 */
export function becomes(
  scope: PlanScope,
  next: PlanScope,
  access: WriteAccess,
  columns: readonly string[],
): SQL | null {
  const [old, now] = [environmentOf(scope, false), environmentOf(next, false)]
  const parts = groupsOf(access, columns).flatMap((group) => {
    if (group.some((rule) => !rule.where && !rule.check) || group.every((rule) => !rule.check)) return []
    const rules = group.map(({ where, check }) => {
      const conditions = [
        ...(where ? [sql`(${toSql(where.tree, old)})`] : []),
        ...(check ? [sql`(${toSql(check.tree, now)})`] : []),
      ]
      return sql`(${sql.join(conditions, sql` and `)})`
    })
    return [sql`coalesce(${anyOf(rules)}, false)`]
  })
  return all(parts)
}

/** Of a create: whether the row as it was made is allowed; null: always. */
export function creatable(scope: PlanScope, access: WriteAccess, columns: readonly string[]): SQL | null {
  const environment = environmentOf(scope, false)
  const granted = groupsOf(access, columns).flatMap((group) => {
    if (group.length === 0) return [sql`false`]
    if (group.some((rule) => !rule.where && !rule.check)) return []
    const rules = group.map(({ where, check }) => {
      const conditions = [where, check].flatMap((one) => (one ? [sql`(${toSql(one.tree, environment)})`] : []))
      return sql`(${sql.join(conditions, sql` and `)})`
    })
    return [sql`coalesce(${anyOf(rules)}, false)`]
  })
  return all([...granted, ...forbids(scope, access, columns)])
}

/** Of a delete: whether the row may go; null: always. */
export function deletable(scope: PlanScope): SQL | null {
  const access = entityAccess(scope)
  if (access === null) return null
  return access.delete === null ? sql`false` : admitted(scope, access.delete)
}

/** The scope in which columns are what an update makes of them. */
export function nextScope(scope: PlanScope, given: ReadonlyMap<string, SQL>): PlanScope {
  const touched = Object.values(scope.entity.compiled.fields).flatMap((field) => {
    if (field.touched === 'now') return [[field.name, sql`now()`] as const]
    return field.touched === 'revision' ? [[field.name, sql`(${rawColumn(scope, field.name)} + 1)`] as const] : []
  })
  return { ...scope, values: new Map([...touched, ...given]), given: [...given.keys()] }
}

/** True, or the write is undone. */
export function orForbidden(condition: SQL, action: Action): SQL {
  return sql`case when ${condition} then true else ${refuse(REFUSED.forbidden, sql.raw(`'${action}'`))}::boolean end`
}
