/** Conditions → SQL. */
import { type Condition, type Embed, invariant, type Query } from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'
import { planComparison } from './plan-comparison.ts'
import { linked } from './plan-link.ts'
import { value } from './render.ts'
import { visibleRows } from './rules.ts'
import { innerScope, type PlanScope } from './scope.ts'

/** All conditions of a query at this scope, inner joins included, joined by `and`; `true` where there are none. */
export function planWhere(scope: PlanScope, query: Query): SQL {
  const parts = query.where.map((condition) => planCondition(scope, query, condition))
  for (const item of query.select)
    if (item.kind === 'embed' && item.join === 'inner') parts.push(planExists(scope, item))
  return parts.length === 0 ? sql`true` : sql.join(parts, sql` and `)
}

function planCondition(scope: PlanScope, query: Query, condition: Condition): SQL {
  if (condition.kind === 'comparison') return planComparison(scope, condition)
  if (condition.kind === 'embed') {
    const embed = query.select.find((item) => item.kind === 'embed' && item.alias === condition.alias)
    invariant(embed?.kind === 'embed', `no embed ${condition.alias}`)
    return condition.not ? planExists(scope, embed) : sql`not ${planExists(scope, embed)}`
  }
  const inner = sql.join(
    condition.conditions.map((c) => planCondition(scope, query, c)),
    condition.kind === 'and' ? sql` and ` : sql` or `,
  )
  return condition.not ? sql`not (${inner})` : sql`(${inner})`
}

/** Whether an embed has a row for the row of this scope. */
export function planExists(scope: PlanScope, embed: Embed): SQL {
  const inner = innerScope(scope, (embed.through ?? embed.relation).entity)
  return sql`exists (select from ${inner.entity.table} ${inner.alias} where ${visibleRows(inner)} and ${linked(scope, inner, embed)} and ${planWhere(inner, embed.query)}${planPage(embed.query)})`
}

/** A page of an embed that has no rows counts as none. */
function planPage({ limit, offset }: Query): SQL {
  const parts = [
    limit === undefined ? sql`` : sql` limit ${value(limit)}`,
    offset === undefined ? sql`` : sql` offset ${value(offset)}`,
  ]
  return sql.join(parts, sql``)
}
