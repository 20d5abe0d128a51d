/** What a query says of all its rows. */
import type { Param, Query } from '@backsaas/core'

/** Fields that have one value in every row that the conditions leave: the place of that value. */
export function equalities({ where }: Query): ReadonlyMap<string, Param> {
  const found = new Map<string, Param>()
  for (const condition of where) {
    if (condition.kind !== 'comparison' || condition.operator !== 'eq' || condition.not || condition.quantifier)
      continue
    const { path, param } = condition
    if (path.json.length === 0 && param !== undefined) found.set(path.field, param)
  }
  return found
}
