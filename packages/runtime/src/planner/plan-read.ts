/** A read → the one tested shape: scalar sub-selects over `backsaas.enter`. */
import type { Operation, Selection } from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'
import type { BoundSchema } from '../binding/bound-schema.ts'
import type { RenderedStatement } from '../binding/rendered-statement.ts'
import { planBody } from './plan-body.ts'
import { planRows } from './plan-rows.ts'
import { render, value } from './render.ts'
import { hasRevision } from './rules.ts'
import { embedsOf, isAggregated, type PlanScope, rootScope } from './scope.ts'

/** `backsaas.enter` with this request's tenant, placement and version. */
export const ENTER: SQL = sql`backsaas.enter(${value('tenant')}::uuid, ${value('placement')}::uuid, ${value('version')}::int)`

/**
 * One row: `body` is `<rows> <JSON array>`, the number in front so that one pass gives both; `total` the number of rows
 * without limit, where it was asked for.
 */
export function planRead(schema: BoundSchema, operation: Operation): RenderedStatement {
  const scope = rootScope(schema, operation.entity, sql.raw('x.tenant'))
  const columns = [
    sql`(${planBody(planRows(scope, operation.query, scope.entity.table), operation.format, operation.query.select)}) as body`,
  ]
  if (operation.count !== 'none') columns.push(sql`(${planTotal(scope, operation)}) as total`)
  if (hasRevision(scope, operation)) {
    const sought: Selection = { kind: 'column', path: { field: 'revision', json: [] }, alias: 'v' }
    const revision = { ...operation.query, select: [sought, ...embedsOf(operation.query)], order: [] }
    columns.push(
      sql`(select r.v::text from (${planRows(rootScope(schema, operation.entity, scope.tenant), revision, scope.entity.table)}) r) as revision`,
    )
  }
  return render(sql`select ${sql.join(columns, sql`, `)} from ${ENTER} as x(tenant)`)
}

function planTotal(scope: PlanScope, { query, entity }: Operation): SQL {
  const { limit: _limit, offset: _offset, ...all } = query
  const inner = rootScope(scope.schema, entity, scope.tenant)
  const counted = isAggregated(query) ? { ...all, order: [] } : { ...all, order: [], select: embedsOf(all) }
  return sql`select count(*)::text from (${planRows(inner, counted, inner.entity.table)}) r`
}
