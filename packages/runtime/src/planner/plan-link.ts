/** What ties the rows of an embed to the row they are embedded in. */
import type { CompiledRelation, Embed } from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'
import { value } from './render.ts'
import { column, visibleRows } from './rules.ts'
import { innerScope, type PlanScope } from './scope.ts'

/** The condition that ties an inner row to the outer one: directly, or through a junction. */
export function linked(outer: PlanScope, inner: PlanScope, embed: Embed): SQL {
  if (!embed.through) return sql.join(pairs(outer, inner, embed.relation), sql` and `)
  const junction = innerScope(outer, embed.relation.entity)
  const both = [...pairs(outer, junction, embed.relation), ...pairs(junction, inner, embed.through)]
  return sql`exists (select from ${junction.entity.table} ${junction.alias} where ${visibleRows(junction)} and ${sql.join(both, sql` and `)})`
}

function pairs(outer: PlanScope, inner: PlanScope, relation: CompiledRelation): SQL[] {
  return relation.from.map((field, i) => {
    const param = outer.pinned?.get(field)
    return sql`${column(inner, relation.to[i] ?? '')} = ${param === undefined ? column(outer, field) : value(param)}`
  })
}
