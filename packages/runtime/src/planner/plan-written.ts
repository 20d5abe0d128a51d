/** What a write answers with, read from the CTE `w` that has written it. */
import type { Operation } from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'
import { planPath } from './plan-comparison.ts'
import { planBody } from './plan-read.ts'
import { planRows } from './plan-rows.ts'
import type { PlanScope } from './scope.ts'

/** The same `<rows> <JSON array>` as a read; `[]` where nothing is to be returned, the keys for `headers-only`. */
export function planWritten(scope: PlanScope, { query, returning, cardinality }: Operation): SQL {
  // Filters have chosen the rows already; they must not be asked again of what was written.
  const { where: _where, limit: _limit, offset: _offset, ...written } = query
  if (returning === 'representation')
    return sql`(${planBody(planRows(scope, { ...written, where: [] }, sql.raw('w')))}) as body`
  if (returning === 'minimal' && cardinality === 'many') return sql`(select count(*)::text || ' []' from w) as body`
  const keys = scope.entity.compiled.key.map(
    (field) => sql`${planPath(scope, { field, json: [] })}::text as ${sql.identifier(field)}`,
  )
  return sql`(${planBody(sql`select ${sql.join(keys, sql`, `)} from w ${scope.alias}`)}) as body`
}
