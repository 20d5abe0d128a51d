/**
 * Columns and rows as the caller may see them: every column and every FROM of the planner comes through here.
 *
 * Rules themselves read the raw columns, and the rows of related entities without these entities' own rules.
 */
import { type CompiledRelation, invariant, type Operation } from '@backsaas/core'
import { mayRaise, type SqlEnvironment, toSql } from '@backsaas/core/expression'
import { type SQL, sql } from 'drizzle-orm'
import type { Admission } from '../access/admission.ts'
import type { ReadAccess } from '../access/entity-access.ts'
import { value } from './render.ts'
import { columnType, ofTenant, type PlanScope, relatedScope } from './scope.ts'

/** The rows of this scope's entity that belong to the tenant and that the caller may see. */
export function visibleRows(scope: PlanScope): SQL {
  const read = readAccess(scope)
  const seen = read && admitted(scope, read.rows)
  return seen ? sql`${ofTenant(scope)} and ${seen}` : ofTenant(scope)
}

/** A column of this scope as the caller may see it: null on the rows where they may not. */
export function column(scope: PlanScope, field: string): SQL {
  const read = readAccess(scope)
  const guards = read === null ? [] : read.fields.get(field)
  // What can never be seen is named by no request; should a part of the planner name it, it is null on every row.
  if (!guards) return sql`null::${sql.raw(columnType(scope, field))}`
  const parts = guards.flatMap((guard) => admitted(scope, guard) ?? [])
  const expression = scope.entity.compiled.fields[field]?.computed?.expression
  // As for `onVisible`.
  const seen = expression && mayRaise(expression.tree) && read ? admitted(scope, read.rows) : null
  if (seen) parts.push(seen)
  const plain = rawColumn(scope, field, true)
  return parts.length === 0 ? plain : sql`(case when ${sql.join(parts, sql` and `)} then ${plain} end)`
}

/**
 * A test that may raise an error, asked of the rows alone that the caller may see: else the error would tell of others. (Of other
 * tenants' it cannot: row level security comes first.)
 */
export function onVisible(scope: PlanScope, test: SQL): SQL {
  const read = readAccess(scope)
  const seen = read && admitted(scope, read.rows)
  return seen ? sql`(case when ${seen} then ${test} else false end)` : test
}

/** Whether the caller sees a field on every row that they see. */
export function isSeen(scope: PlanScope, field: string): boolean {
  const read = readAccess(scope)
  return read === null || read.fields.get(field)?.length === 0
}

/** Whether the answer carries the row's revision, as ETag. */
export function hasRevision(scope: PlanScope, operation: Operation): boolean {
  return operation.item === true && Object.hasOwn(scope.entity.compiled.fields, 'revision') && isSeen(scope, 'revision')
}

/** Null where no rules hold: the schema is open to the caller, or it is the runtime itself that asks. */
function readAccess({ schema, entity }: PlanScope): ReadAccess | null {
  if (schema.access === null) return null
  const read = schema.access.entities[entity.compiled.name]?.read
  invariant(read, `${entity.compiled.name} is planned for who may not read it`)
  return read
}

/** A condition that is true for the rows that are let through, and false or null for all others; null: for all. */
export function admitted(scope: PlanScope, { allow, deny }: Admission): SQL | null {
  const environment = environmentOf(scope, false)
  const parts = deny.map(({ tree }) => sql`not coalesce((${toSql(tree, environment)}), true)`)
  if (allow) parts.unshift(anyOf(allow.map(({ tree }) => sql`(${toSql(tree, environment)})`)))
  return parts.length === 0 ? null : sql.join(parts, sql` and `)
}

export function anyOf(parts: readonly SQL[]): SQL {
  return parts.length === 1 && parts[0] ? parts[0] : sql`(${sql.join([...parts], sql` or `)})`
}

/**
 * A column without regard to who asks; the expression of a computed one.
 *
 * @param viewed whether the parts of a computed field that are in related rows are to be seen by the caller.
 */
export function rawColumn(scope: PlanScope, field: string, viewed = false): SQL {
  const given = scope.values?.get(field)
  if (given) return given
  const compiled = scope.entity.compiled.fields[field]
  // Of a row that is not written yet, a stored one is worked out here too.
  if (compiled?.computed && (!compiled.computed.stored || scope.values))
    return sql`(${toSql(compiled.computed.expression.tree, environmentOf(scope, viewed))})`
  const name = scope.entity.columns[field]
  invariant(name, `no column for ${field}`)
  return sql`${scope.alias}.${name}`
}

/** What the names of an expression are at this scope. */
export function environmentOf(scope: PlanScope, viewed: boolean): SqlEnvironment {
  return rowsEnvironment(scope, viewed, new Map())
}

function rowsEnvironment(scope: PlanScope, viewed: boolean, rows: ReadonlyMap<string, PlanScope>): SqlEnvironment {
  return {
    field(row, field) {
      const place = row === null ? scope : rows.get(row)
      invariant(place, `no row is called ${row}`)
      // Of the row in question the guards of the computed field have been asked already.
      return viewed && row !== null ? column(place, field) : rawColumn(place, field, viewed)
    },
    related(name, field) {
      const inner = related(scope, name, viewed)
      const own = viewed ? visibleRows(inner.scope) : ofTenant(inner.scope)
      const wanted = viewed ? column(inner.scope, field) : rawColumn(inner.scope, field)
      return sql`(select ${wanted} from ${inner.scope.entity.table} ${inner.scope.alias} where ${own} and ${inner.link})`
    },
    relation(name, row, where) {
      const inner = related(scope, name, viewed)
      const own = viewed ? visibleRows(inner.scope) : ofTenant(inner.scope)
      const condition = where(rowsEnvironment(scope, viewed, new Map([...rows, [row, inner.scope]])))
      return sql`exists (select from ${inner.scope.entity.table} ${inner.scope.alias} where ${own} and ${inner.link} and ${condition})`
    },
    input: (field) =>
      scope.given?.includes(field) ? rawColumn(scope, field) : sql`null::${sql.raw(columnType(scope, field))}`,
    variable: (name, type) =>
      type === 'uuid'
        ? sql`${value(`user:${name}:uuid`)}::uuid`
        : sql`${value(`user:${name}`)}::${sql.raw(type === 'list(string)' ? 'text[]' : 'text')}`,
  }
}

/** @param viewed whether the link is to be seen by the caller. */
function related(scope: PlanScope, name: string, viewed: boolean): { readonly scope: PlanScope; readonly link: SQL } {
  const relation: CompiledRelation | undefined = scope.entity.compiled.relations[name]
  invariant(relation, `${scope.entity.compiled.name} has no relation ${name}`)
  const outside = relatedScope(scope, relation.entity)
  const pairs = relation.from.map((field, i) => {
    const [to, from] = [relation.to[i] ?? '', field]
    return viewed
      ? sql`${column(outside, to)} = ${column(scope, from)}`
      : sql`${rawColumn(outside, to)} = ${rawColumn(scope, from)}`
  })
  return { scope: outside, link: sql.join(pairs, sql` and `) }
}
