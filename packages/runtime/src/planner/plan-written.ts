/** What a write answers with, read from the CTE `w` that has written it. */
import { type Operation, REFUSED } from '@backsaas/core'
import { toSql } from '@backsaas/core/expression'
import { type SQL, sql } from 'drizzle-orm'
import { planBody } from './plan-body.ts'
import { planPath } from './plan-comparison.ts'
import { queues } from './plan-executions.ts'
import { planRows } from './plan-rows.ts'
import { refuse, value } from './render.ts'
import { admitted, column, environmentOf, hasRevision } from './rules.ts'
import type { PlanScope } from './scope.ts'
import { creatable, entityAccess, givenColumns } from './write-rules.ts'

/**
 * The columns of the answer: the same `<rows> <JSON array>` as a read; `[]` where nothing is to be returned, the keys for `headers-only`; of an
 * upsert how many were inserted; of an item its revision.
 */
export function planWritten(scope: PlanScope, operation: Operation): SQL {
  const count = sql`(select count(*) from w)`
  const refusals = wrongs(scope, operation).map(
    ({ condition, state, detail }) =>
      sql`when exists (select from w ${scope.alias} where ${condition}) then ${refuse(state, sql.raw(`'${detail}'`))}`,
  )
  if (operation.seen)
    refusals.unshift(
      sql`when ${count} < json_array_length(${value(operation.action === 'delete' ? 'seen' : 'input')}::json) then ${refuse(REFUSED.changed, sql`''`)}`,
    )
  if (operation.maxAffected !== undefined)
    refusals.push(
      sql`when ${count} > ${value(operation.maxAffected)}::bigint then ${refuse(REFUSED.maxAffected, sql`${count}::text`)}`,
    )
  if (operation.cardinality === 'one')
    refusals.push(sql`when ${count} <> 1 then ${refuse(REFUSED.notOne, sql`${count}::text`)}`)
  const answer = planAnswer(scope, operation)
  const checked = refusals.length === 0 ? answer : sql`case ${sql.join(refusals, sql` `)} else ${answer} end`
  const inserted = operation.upsert ? sql`(select count(*)::text from w where ${INSERTED})` : null
  const revision = hasRevision(scope, operation)
    ? sql`(select ${column(scope, 'revision')}::text from w ${scope.alias})`
    : null
  if (operation.rollback)
    return sql`set_config('backsaas.answer', ${packed([inserted, revision, checked])}, true) as body`
  const columns = [sql`${checked} as body`]
  if (inserted) columns.push(sql`${inserted} as inserted`)
  if (revision) columns.push(sql`${revision} as revision`)
  return sql.join(columns, sql`, `)
}

/**
 * Whether the number of written rows is all that is asked, now and after: such a write needs no CTE around it, the server says the number.
 */
export function isBare(scope: PlanScope, operation: Operation): boolean {
  const { returning, cardinality, upsert, item, rollback, maxAffected, seen } = operation
  const asked = [upsert, item, rollback, maxAffected, seen].some((part) => part !== undefined)
  return returning === 'minimal' && cardinality === 'many' && !asked && !isReadAgain(scope, operation)
}

/** What a write returns into `w`: whole rows where they are read again, else nothing but that they are there. */
export function planReturned(scope: PlanScope, operation: Operation): SQL {
  const counted = operation.returning === 'minimal' && operation.cardinality === 'many'
  return counted && !isReadAgain(scope, operation) ? sql`true as written` : sql`t.*`
}

function isReadAgain(scope: PlanScope, operation: Operation): boolean {
  return scope.entity.compiled.events.length > 0 || queues(scope) || wrongs(scope, operation).length > 0
}

interface Wrong {
  /** True of a row that may not be as it was written. */
  readonly condition: SQL
  readonly state: string
  readonly detail: string
}

/** What written rows may not be: what a rule forbids, what a check of the schema does, what the caller asks for and may not see. */
function wrongs(outer: PlanScope, operation: Operation): readonly Wrong[] {
  const { action, upsert, input, returning } = operation
  const scope: PlanScope = { ...outer, given: givenColumns(input) }
  const found: Wrong[] = []
  const access = entityAccess(scope)
  const created = action === 'create' && access?.create ? creatable(scope, access.create, givenColumns(input)) : null
  if (created) {
    const condition = sql`not coalesce(${created}, false)`
    found.push({
      condition: upsert ? sql`${scope.alias}.${INSERTED} and ${condition}` : condition,
      state: REFUSED.forbidden,
      detail: 'create',
    })
  }
  if (action !== 'delete')
    for (const [index, { expression }] of (scope.entity.compiled.checks ?? []).entries())
      found.push({
        condition: sql`not coalesce((${toSql(expression.tree, environmentOf(scope, false))}), true)`,
        state: REFUSED.check,
        detail: String(index),
      })
  const seen =
    access?.read && action !== 'delete' && returning === 'representation' ? admitted(scope, access.read.rows) : null
  if (seen) found.push({ condition: sql`not coalesce(${seen}, false)`, state: REFUSED.forbidden, detail: 'read' })
  return found
}

/** What is to be undone is kept for the statement that undoes it: `-` for what there is not, one space between. */
function packed(parts: readonly (SQL | null)[]): SQL {
  return sql.join(
    parts.map((part) => (part ? sql`coalesce(${part}, '-')` : sql`'-'`)),
    sql` || ' ' || `,
  )
}

/** Whether a row of `w` is new; only an upsert's `w` has it. */
export const INSERTED: SQL = sql`${sql.identifier('+inserted')}`

/** An expression: the text of the answer. */
function planAnswer(scope: PlanScope, { query, returning, cardinality, format }: Operation): SQL {
  // Filters have chosen the rows already; they must not be asked again of what was written.
  const { where: _where, limit: _limit, offset: _offset, ...written } = query
  if (returning === 'representation')
    return sql`(${planBody(planRows(scope, { ...written, where: [] }, sql.raw('w')), format, query.select)})`
  if (returning === 'minimal' && cardinality === 'many') return sql`(select count(*)::text || ' []' from w)`
  const keys = scope.entity.compiled.key.map(
    (field) => sql`${planPath(scope, { field, json: [] })}::text as ${sql.identifier(field)}`,
  )
  return sql`(${planBody(sql`select ${sql.join(keys, sql`, `)} from w ${scope.alias}`, 'json', [])})`
}
