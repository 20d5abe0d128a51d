/**
 * A migration over others that wait for their contract. What they keep in step stays as it is: a newer one may change other fields of
 * the same table, and read theirs, so that each pair of versions has its links for itself in the one trigger of the table.
 */
import type { CompiledSchema } from '@backsaas/core'
import { invariant } from '@backsaas/core'
import { fieldChange } from './diff-field.ts'
import { matchSchemas } from './identity.ts'
import type { MigrationContext } from './layout.ts'
import { planTables, type TablePlan } from './plan-table.ts'
import { columnsOf, needsSync, type VersionSync } from './sync-trigger.ts'
import {
  heldEntities,
  type MigrationVersions,
  refuseOver,
  type WaitingMigration,
  widenedOver,
} from './waiting-migration.ts'

/** Versions with columns of their own that a trigger keeps in step, of one schema in one store. */
const IN_STEP_MAX = 3

/** The tables of a migration as it was planned: made again of its two versions, which say it all. */
function tablesOf({ before, after }: MigrationVersions): TablePlan[] {
  const [previous, next] = [before.compiled, after.compiled]
  const versions = { previous, next, old: before.mapping, mapping: after.mapping }
  return planTables(versions, matchSchemas(previous, next), [])
}

/** What migrations keep in step, by physical table, the oldest first. */
export function syncsOf(waiting: readonly MigrationVersions[]): Map<string, readonly VersionSync[]> {
  const syncs = waiting.flatMap((migration) =>
    tablesOf(migration)
      .filter(({ sync }) => needsSync(sync))
      .map(({ table, sync }) => ({ table, sync: { ...sync, version: migration.toVersion } })),
  )
  const byTable = Map.groupBy(syncs, ({ table }) => table)
  return new Map([...byTable].map(([table, list]) => [table, list.map(({ sync }) => sync)]))
}

/** @throws `MIGRATION_OPEN` (409) where one that waits is in the way. */
export function refuseOverWaiting(next: CompiledSchema, tables: readonly TablePlan[], context: MigrationContext): void {
  const { waiting = [] } = context
  if (waiting.length === 0) return
  refuseFourth(next, tables, waiting)
  const plans = waiting.map((migration) => ({ migration, tables: tablesOf(migration) }))
  const found = plans.map(({ migration, tables: others }) => ({
    migration,
    reasons: tables.flatMap((plan) => {
      const other = others.find(({ table }) => table === plan.table)
      return other ? inTheWay(plan, other) : []
    }),
  }))
  const wider = tables.flatMap((plan) => widerThanHeld(plan, context))
  const holders = found.filter(({ reasons }) => reasons.length > 0).map(({ migration }) => migration)
  const reasons = new Set([...found.flatMap((one) => one.reasons), ...wider])
  if (reasons.size > 0) refuseOver(next.name, [...reasons], wider.length > 0 ? waiting : holders)
}

function refuseFourth(
  { name }: CompiledSchema,
  tables: readonly TablePlan[],
  waiting: readonly WaitingMigration[],
): void {
  const inStep = waiting.filter((migration) => tablesOf(migration).some(keepsInStep))
  if (!tables.some(keepsInStep) || inStep.length + 2 <= IN_STEP_MAX) return
  refuseOver(name, [`${IN_STEP_MAX} versions of ${name} that are kept in step is as many as serve`], inStep)
}

function keepsInStep({ sync, hooks }: TablePlan): boolean {
  return needsSync(sync) || hooks.size > 0
}

/** What of a table one migration changes that the other, which waits, keeps in step or is still to drop. */
function inTheWay(plan: TablePlan, other: TablePlan): string[] {
  const { match, before, after } = plan.pair
  const { name } = after.entity
  if (plan.hooks.size > 0 || other.hooks.size > 0) return [`rows of ${name} are converted by a hook`]
  const kept = columnsOf(other.sync)
  const fields = Object.entries(before.physical.columns).filter(([, column]) => kept.has(column))
  const touched = touchedColumns(plan)
  const changed = fields.filter(([, column]) => touched.has(column))
  const called = new Map([...match.origins].map(([now, origin]) => [origin, now]))
  const indexes = plan.indexes.filter(({ columns }) =>
    other.droppedIndexes.some((set) => set.join() === columns.join()),
  )
  return [
    ...changed.map(([field]) => `${name}.${called.get(field) ?? field} is kept in step with an older version`),
    ...indexes.map(({ columns }) => `an older version has the index of ${name} on ${columns.join(', ')}`),
  ]
}

/** Columns that are there already, and that the migration drops, writes or says more of. */
function touchedColumns({
  sync,
  own,
  pair,
  required,
  unique,
  references,
  wider,
  narrower,
}: TablePlan): ReadonlySet<string> {
  const { columns } = pair.after.physical
  const fields = [
    ...required.map(({ name }) => name),
    ...unique.flatMap((change) => change.fields),
    ...references.flatMap(({ from }) => from),
    ...[...wider, ...narrower].map(({ field }) => field),
  ]
  const made = [...sync.links.flatMap(({ ups, downs }) => [...ups, ...downs]), ...sync.fills]
  return new Set([...own.old, ...made.map(({ column }) => column), ...fields.map((field) => columns[field] as string)])
}

/** Bounds of the version before go at once; those of older ones are for their own migrations to drop. */
function widerThanHeld({ pair, wider }: TablePlan, { live }: MigrationContext): string[] {
  const { entity, physical } = pair.after
  const held = heldEntities(entity, live)
  return wider.flatMap(({ field: name }) => {
    const [field, column] = [entity.fields[name], physical.columns[name]]
    const previous = pair.match.before.fields[pair.match.origins.get(name) ?? '']
    invariant(field && column && previous, `both versions have ${entity.name}.${name}`)
    return held.flatMap((one) => {
      const old = one.match.before.fields[one.match.origins.get(name) ?? '']
      const was = old && fieldChange(old, previous, one.match).constraint
      const isTighter = was === 'narrower' || was === 'mixed'
      return (
        widenedOver(field, column, one) ?? (isTighter ? `an older version has bounds of ${entity.name}.${name}` : [])
      )
    })
  })
}
