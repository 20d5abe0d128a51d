/** Update and delete → the statement that follows `enter` in one pipelined transaction. */
import { invariant, type Operation } from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'
import { type BoundSchema, TENANT } from '../binding/bound-schema.ts'
import type { RenderedStatement } from '../binding/rendered-statement.ts'
import { OLD_ROW, oldRow, planExecutions, seesOld } from './plan-executions.ts'
import { touches } from './plan-insert.ts'
import { markColumns } from './plan-marks.ts'
import { planOutbox } from './plan-outbox.ts'
import { ENTER } from './plan-read.ts'
import { planWhere } from './plan-where.ts'
import { isBare, planReturned, planWritten } from './plan-written.ts'
import { render, value } from './render.ts'
import { visibleRows } from './rules.ts'
import { columnType, type PlanScope, rootScope } from './scope.ts'
import { becomes, deletable, entityAccess, givenColumns, nextScope, orForbidden, updatable } from './write-rules.ts'

/** The statement that opens the transaction. */
export const ENTER_STATEMENT: RenderedStatement = render(sql`select tenant from ${ENTER} as x(tenant)`)

export function planUpdate(schema: BoundSchema, operation: Operation): RenderedStatement {
  const scope = changeScope(schema, operation)
  const names = operation.input?.columns ?? []
  invariant(names.length > 0, 'an update of no column')
  const record = [
    ...names.map((name) => sql`${sql.identifier(name)} ${sql.raw(columnType(scope, name))}`),
    ...(operation.seen ? markRecord(scope) : []),
  ]
  const assignments = names.map((name) => sql`${scope.entity.columns[name]} = b.${sql.identifier(name)}`)
  const set = sql.join([...assignments, ...touches(scope)], sql`, `)
  const given = new Map(names.map((name) => [name, sql`b.${sql.identifier(name)}`] as const))
  const keepsOld = seesOld(scope)
  const before = keepsOld ? sql`, ${lockedRows(scope, operation)}` : sql``
  const old = keepsOld ? sql`, ${oldRow(scope, sql.raw('o'))} as ${OLD_ROW}` : sql``
  const same =
    operation.seen || keepsOld
      ? joined([operation.seen ? sameRows(scope) : null, keepsOld ? ownOld(scope) : null])
      : null
  const written = sql`update ${scope.entity.table} as t set ${set} from ${operation.seen ? sql`json_to_recordset` : sql`json_to_record`}(${value('input')}::json) as b(${sql.join(record, sql`, `)})${before} where ${joined([same, updated(scope, operation, given)])}`
  return answer(
    scope,
    operation,
    written,
    sql`${planOutbox(scope, 'updated')}${planExecutions(scope, operation, 'updated')}`,
    old,
  )
}

export function planDelete(schema: BoundSchema, operation: Operation): RenderedStatement {
  const scope = changeScope(schema, operation)
  const using = operation.seen
    ? sql` using json_to_recordset(${value('seen')}::json) as b(${sql.join([...markRecord(scope)], sql`, `)})`
    : sql``
  const rows = joined([operation.seen ? sameRows(scope) : null, reachable(scope, operation)])
  const written = sql`delete from ${scope.entity.table} as t${using} where ${rows}`
  return answer(
    scope,
    operation,
    written,
    sql`${planOutbox(scope, 'deleted')}${planExecutions(scope, operation, 'deleted')}`,
  )
}

function changeScope(schema: BoundSchema, operation: Operation): PlanScope {
  return rootScope(schema, operation.entity, sql`${value('tenant')}::uuid`)
}

/** The rows as they are, locked, so that nobody changes them between their being read and their being written. */
function lockedRows(scope: PlanScope, operation: Operation): SQL {
  return sql`(select t.* from ${scope.entity.table} as t where ${reachable(scope, operation)} for update) as o`
}

function ownOld({ entity }: PlanScope): SQL {
  const key = entity.compiled.key.map((field) => sql`t.${entity.columns[field]} = o.${entity.columns[field]}`)
  return sql.join([sql`t.${TENANT} = o.${TENANT}`, ...key], sql` and `)
}

function markRecord(scope: PlanScope): readonly SQL[] {
  return markColumns(scope).map(({ name, type }) => sql`${sql.identifier(name)} ${sql.raw(type)}`)
}

/** Rows that hooks have seen, as long as nobody has changed them since. */
function sameRows(scope: PlanScope): SQL {
  return joined(markColumns(scope).map(({ name, same }) => sql`${same} = b.${sql.identifier(name)}`))
}

/** The rows that are chosen and that the rules let be changed, or deleted. */
export function reachable(scope: PlanScope, operation: Operation): SQL {
  const rows = chosen(scope, operation)
  if (operation.action === 'delete') return joined([rows, deletable(scope)])
  const access = entityAccess(scope)?.update
  return access ? joined([rows, updatable(scope, access, givenColumns(operation.input))]) : rows
}

/** The rows that are changed: `!inner` embeds narrow what is returned, not what is written. */
function chosen(scope: PlanScope, { query }: Operation): SQL {
  const select = query.select.map((item) => (item.kind === 'embed' ? { ...item, join: 'left' as const } : item))
  return sql`${visibleRows(scope)} and ${planWhere(scope, { ...query, select })}`
}

/**
 * The rows that are updated: those chosen that the rules let be changed. One that may not become what it would is refused, and the
 * write with it; asked only of what is updated, which `case` alone makes sure of.
 */
function updated(scope: PlanScope, operation: Operation, given: ReadonlyMap<string, SQL>): SQL {
  const changed = reachable(scope, operation)
  const access = entityAccess(scope)?.update
  if (!access) return changed
  const columns = givenColumns(operation.input)
  const next = becomes(scope, nextScope(scope, given), access, columns)
  return next ? sql`${changed} and case when ${changed} then ${orForbidden(next, 'update')} else false end` : changed
}

function joined(parts: readonly (SQL | null)[]): SQL {
  return sql.join(
    parts.filter((part) => part !== null),
    sql` and `,
  )
}

function answer(
  scope: PlanScope,
  operation: Operation,
  written: SQL,
  outbox: SQL,
  more: SQL = sql``,
): RenderedStatement {
  if (isBare(scope, operation)) return render(written)
  return render(
    sql`with w as (${written} returning ${planReturned(scope, operation)}${more})${outbox} select ${planWritten(scope, operation)}`,
  )
}
