/** Backfill: the rows there are follow, and what has to hold of them is proven before the new version is live. */
import { buildIndexes, buildUnique } from './build-indexes.ts'
import { fillRows, orphanRows } from './fill-rows.ts'
import type { Layout, StepDraft } from './layout.ts'
import { hookSteps } from './plan-hooks.ts'
import { proveChecks, proveReferences, proveRequired } from './prove-rows.ts'

export function planBackfill(layout: Layout): StepDraft[] {
  const { tables } = layout
  return [
    ...tables.flatMap((plan) => fillRows(plan, layout)),
    ...tables.flatMap((plan) => hookSteps(plan, layout, 'backfill')),
    ...tables.flatMap((plan) => orphanRows(plan, layout)),
    ...tables.flatMap((plan) => buildIndexes(plan, layout)),
    ...tables.flatMap((plan) => buildUnique(plan, layout)),
    ...tables.flatMap((plan) => proveChecks(plan, layout)),
    ...tables.flatMap((plan) => proveReferences(plan, layout)),
    ...tables.flatMap((plan) => proveRequired(plan, layout)),
  ]
}
