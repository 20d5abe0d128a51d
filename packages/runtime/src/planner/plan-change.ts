/** Update and delete → the statement that follows `enter` in one pipelined transaction. */
import { invariant, type Operation } from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'
import type { BoundSchema } from '../binding/bound-schema.ts'
import type { RenderedStatement } from '../binding/rendered-statement.ts'
import { touches } from './plan-insert.ts'
import { planOutbox } from './plan-outbox.ts'
import { ENTER } from './plan-read.ts'
import { planWhere } from './plan-where.ts'
import { planReturned, planWritten } from './plan-written.ts'
import { render, value } from './render.ts'
import { columnType, ofTenant, type PlanScope, rootScope } from './scope.ts'

/** The statement that opens the transaction. */
export const ENTER_STATEMENT: RenderedStatement = render(sql`select tenant from ${ENTER} as x(tenant)`)

export function planUpdate(schema: BoundSchema, operation: Operation): RenderedStatement {
  const scope = changeScope(schema, operation)
  const names = operation.input?.columns ?? []
  invariant(names.length > 0, 'an update of no column')
  const record = names.map((name) => sql`${sql.identifier(name)} ${sql.raw(columnType(scope, name))}`)
  const assignments = names.map((name) => sql`${scope.entity.columns[name]} = b.${sql.identifier(name)}`)
  const set = sql.join([...assignments, ...touches(scope)], sql`, `)
  const written = sql`update ${scope.entity.table} as t set ${set} from json_to_record(${value('input')}::json) as b(${sql.join(record, sql`, `)}) where ${chosen(scope, operation)} returning ${planReturned(scope, operation)}`
  return answer(scope, operation, written, planOutbox(scope, 'updated'))
}

export function planDelete(schema: BoundSchema, operation: Operation): RenderedStatement {
  const scope = changeScope(schema, operation)
  const written = sql`delete from ${scope.entity.table} as t where ${chosen(scope, operation)} returning ${planReturned(scope, operation)}`
  return answer(scope, operation, written, planOutbox(scope, 'deleted'))
}

function changeScope(schema: BoundSchema, operation: Operation): PlanScope {
  return rootScope(schema, operation.entity, sql`${value('tenant')}::uuid`)
}

/** The rows that are changed: `!inner` embeds narrow what is returned, not what is written. */
function chosen(scope: PlanScope, { query }: Operation): SQL {
  const select = query.select.map((item) => (item.kind === 'embed' ? { ...item, join: 'left' as const } : item))
  return sql`${ofTenant(scope)} and ${planWhere(scope, { ...query, select })}`
}

function answer(scope: PlanScope, operation: Operation, written: SQL, outbox: SQL): RenderedStatement {
  return render(sql`with w as (${written})${outbox} select ${planWritten(scope, operation)}`)
}
