/**
 * What Postgres is to know of a table beside what it finds out by itself: that a reference belongs to one tenant. Taking the two for
 * independent, it expects hardly a row of both, and sorts all there are where an index would bring them in order.
 */
import type { CompiledEntity, EntityMapping } from '@backsaas/core'
import { TENANT_COLUMN } from '@backsaas/core'
import type { NameGiver } from './names.ts'
import { identifier, identifiers, qualified } from './quote.ts'
import type { Roles } from './row-security.ts'

/** One set of statistics: the physical columns that decide the tenant. */
export interface StatisticsPlan {
  readonly table: string
  readonly columns: readonly string[]
}

/** One for each reference, whatever it is to. */
export function wantedStatistics(entity: CompiledEntity, mapping: EntityMapping): StatisticsPlan[] {
  const references = Object.values(entity.relations).filter((relation) => relation.kind === 'one')
  const sets = new Map(
    references
      .map(({ from }) => from.map((field) => mapping.columns[field] as string))
      // Postgres takes eight columns at most, the tenant among them.
      .filter((columns) => columns.length <= MAX_COLUMNS)
      .map((columns) => [columns.toSorted().join('/'), columns]),
  )
  return [...sets.values()].map((columns) => ({ table: mapping.table, columns }))
}

const MAX_COLUMNS = 7

/** The statements that make them; they are empty until the table is analyzed, which Postgres does as it fills. */
export function createStatistics(pgSchema: string, plan: StatisticsPlan, roles: Roles, names: NameGiver): string[] {
  const name = qualified(pgSchema, names([plan.table, ...plan.columns, 'statistics'].join('_')))
  const columns = identifiers([TENANT_COLUMN, ...plan.columns])
  return [
    `create statistics ${name} (dependencies) on ${columns} from ${qualified(pgSchema, plan.table)}`,
    `alter statistics ${name} owner to ${identifier(roles.owner)}`,
  ]
}
