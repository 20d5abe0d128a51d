/** The bounds that a newer version has widened in place: back as they were, where no row is beyond them. */
import { checkPredicate } from './checks.ts'
import { findConstraint } from './create-mapping.ts'
import { checkClause } from './create-table.ts'
import type { Layout } from './layout.ts'
import type { TablePlan } from './plan-table.ts'
import { identifier } from './quote.ts'
import { rowsWhere } from './rows-where.ts'
import type { Blockers } from './steps.ts'

/** Actions of an ALTER TABLE. Rows there are have not been asked: `convergePlacement` does, once all is back. */
export function restoreBounds({ pair, wider }: TablePlan): string[] {
  const { after, before } = pair
  return wider.flatMap(({ field, before: name }) => {
    const origin = pair.match.origins.get(field)
    const old = name && origin && checkClause(before.entity, origin, before.physical)
    const now = findConstraint(after.physical, { kind: 'check', fields: [field] })
    return [...(now ? [`drop constraint if exists ${identifier(now)}`] : []), ...(old ? [`add ${old} not valid`] : [])]
  })
}

/** Rows that newer clients have written beyond them; undefined where none can be. */
export function beyondOlderBounds({ pair, wider, table }: TablePlan, { mapping }: Layout): Blockers | undefined {
  const { entity, physical } = pair.before
  const bounds = wider.flatMap(({ field, before: name }) => {
    const origin = pair.match.origins.get(field)
    const old = name && origin ? entity.fields[origin] : undefined
    const predicate = old && checkPredicate(old, physical.columns[old.name] as string)
    return old && predicate ? [{ field: old.name, beyond: `not (${predicate})` }] : []
  })
  if (bounds.length === 0) return undefined
  const fields = bounds.map(({ field }) => field)
  const where = bounds.map(({ beyond }) => beyond).join(' or ')
  return {
    code: 'OUT_OF_BOUNDS',
    message: `some rows of ${entity.name} have values in ${fields.join(', ')} that the older version does not allow`,
    hint: 'correct these rows, then it goes back',
    ...rowsWhere({ version: pair.before, pgSchema: mapping.schema, table }, fields, where),
  }
}
