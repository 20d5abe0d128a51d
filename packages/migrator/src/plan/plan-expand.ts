/** Expand: what the new version needs stands beside what the old one uses. */
import { invariant } from '@backsaas/core'
import { dropComputed, keepComputed } from './computed.ts'
import { checkClause, createReference, createTable } from './create-table.ts'
import { references } from './diff.ts'
import { type Layout, NO_LOCK, type StepDraft, syncContext } from './layout.ts'
import { beyondOlderBounds, restoreBounds } from './older-bounds.ts'
import { createQueue, dropQueue } from './plan-hooks.ts'
import type { TablePlan } from './plan-table.ts'
import { keptVersions } from './plan-version.ts'
import { identifier, literal, qualified } from './quote.ts'
import { createSync, dropSync, needsSync, type SyncContext } from './sync-trigger.ts'

export function planExpand(layout: Layout): StepDraft[] {
  return [...newTables(layout), ...layout.tables.flatMap((plan) => changeTable(plan, layout))]
}

function newTables({ next, matches, mapping, context, names }: Layout): StepDraft[] {
  const fresh = Object.values(next.entities).filter(({ name }) => !matches.entities.has(name))
  const tables = fresh.map((entity): StepDraft => {
    const physical = mapping.entities[entity.name]
    invariant(physical, `the mapping has the entity ${entity.name}`)
    return {
      ...NO_LOCK,
      kind: 'ddl',
      phase: 'expand',
      title: `the table of ${entity.name}`,
      statements: createTable(entity, mapping, context.roles, names),
      inverse: [dropOrPark(mapping.schema, physical.table, entity.name, context.roles.runtime)],
    }
  })
  const links = fresh.flatMap((entity) =>
    references(entity).map((relation): StepDraft => {
      const [from, to] = [mapping.entities[entity.name], mapping.entities[relation.entity]]
      invariant(from && to, 'both ends of a reference are in the mapping')
      const locked = matches.entities.has(relation.entity) ? [qualified(mapping.schema, to.table)] : []
      return {
        ...NO_LOCK,
        kind: 'ddl',
        phase: 'expand',
        title: `the reference ${relation.name} of ${entity.name}`,
        tables: locked,
        lock: 'share row exclusive',
        statements: [createReference(entity, relation, mapping)],
        inverse: [],
      }
    }),
  )
  return [...tables, ...links]
}

/** On the way back: rows that clients of the new version have written are kept. */
function dropOrPark(pgSchema: string, name: string, entity: string, runtime: string): string {
  const table = qualified(pgSchema, name)
  const parked = `parked_${name}`.slice(0, 50)
  return `do ${literal(`
declare
  filled boolean;
  name text := ${literal(parked)} || '_' || to_char(clock_timestamp(), 'YYYYMMDDHH24MISS');
begin
  if to_regclass(${literal(table)}) is null then return; end if;
  execute 'select exists (select from ${table.replaceAll("'", "''")})' into filled;
  if filled then
    execute format('revoke all on ${table.replaceAll("'", "''")} from %I', ${literal(runtime)});
    execute format('alter table ${table.replaceAll("'", "''")} rename to %I', name);
    insert into backsaas.parked_tables (name, migration_id, entity)
      select format('%I.%I', ${literal(pgSchema)}, name), id, ${literal(entity)} from backsaas.migrations where phase = 'rollback' order by updated_at desc limit 1;
  else
    execute 'drop table ${table.replaceAll("'", "''")}';
  end if;
end
`)}`
}

/** Columns, checks and the trigger in one transaction: no writer ever finds one without the other. */
function changeTable(plan: TablePlan, layout: Layout): StepDraft[] {
  const { context, mapping } = layout
  const { pair, table } = plan
  const { after } = pair
  const on = qualified(mapping.schema, table)
  const checks = [...plan.checks, ...plan.wider.map(({ field }) => field)].flatMap(
    (field) => checkClause(after.entity, field, after.physical) ?? [],
  )
  const swapped = plan.wider.flatMap(({ before: name }) =>
    name ? [`drop constraint if exists ${identifier(name)}`] : [],
  )
  const actions = [...plan.columns, ...swapped, ...checks.map((check) => `add ${check} not valid`)]
  const sync = needsSync(plan.sync) ? syncContext(plan, layout) : null
  const computedName =
    context.functions.get(table) ?? (plan.computed.length > 0 ? layout.names(`${table}_computed`) : '')
  const computed = computedStatements(plan, layout, computedName)
  const statements = [
    ...(actions.length > 0 ? [`alter table ${on} ${actions.join(', ')}`] : []),
    ...(sync ? replaceSync(plan, layout, sync) : []),
    ...computed,
    ...createQueue(plan, layout),
  ]
  if (statements.length === 0) return []
  const columns = plan.own.new.map((column) => `drop column if exists ${identifier(column)}`)
  const undone = [...columns, ...restoreBounds(plan)]
  const unfitting = beyondOlderBounds(plan, layout)
  return [
    {
      ...NO_LOCK,
      kind: 'ddl',
      phase: 'expand',
      title: `${after.entity.name}: ${describe(plan)}`,
      tables: [on],
      lock: actions.length > 0 ? 'access exclusive' : 'share row exclusive',
      statements,
      inverse: [
        ...dropQueue(plan, layout),
        ...(sync ? dropSync(sync) : []),
        ...(computed.length > 0 ? computedBefore(plan, layout, computedName) : []),
        ...(undone.length > 0 ? [`alter table ${on} ${undone.join(', ')}`] : []),
      ],
      ...(unfitting && { unfitting }),
    },
  ]
}

/** One trigger for all: with what migrations that wait keep in step. Taken back, theirs alone is made anew, of those that wait then. */
function replaceSync(plan: TablePlan, { context, waitingSyncs }: Layout, sync: SyncContext): string[] {
  const older = waitingSyncs.get(plan.table) ?? []
  const all = [...older, { ...plan.sync, version: context.toVersion }]
  return [...(older.length > 0 ? dropSync(sync) : []), ...createSync(all, sync)]
}

function describe(plan: TablePlan): string {
  const parts = [
    ...(plan.columns.length > 0
      ? [`${plan.columns.length} new ${plan.columns.length === 1 ? 'column' : 'columns'}`]
      : []),
    ...(needsSync(plan.sync) ? ['the trigger that keeps both versions in step'] : []),
    ...(plan.wider.length > 0 ? [`wider bounds of ${plan.wider.map(({ field }) => field).join(', ')}`] : []),
    ...(plan.computed.length > 0 ? ['what keeps computed fields'] : []),
  ]
  return parts.join(', ')
}

/** Live versions write through one trigger, which keeps the stored computed fields of all of them. */
function computedStatements(
  { table, pair, computed }: TablePlan,
  { context, mapping }: Layout,
  name: string,
): string[] {
  if (computed.length === 0) return []
  const { entity, physical } = pair.after
  const kept = [...keptVersions(context.live, table), { entity, physical }]
  return keepComputed(kept, mapping.schema, context.roles, () => name)
}

function computedBefore({ table }: TablePlan, { context, mapping }: Layout, name: string): string[] {
  const kept = keepComputed(keptVersions(context.live, table), mapping.schema, context.roles, () => name)
  return kept.length > 0 ? kept : dropComputed(mapping.schema, table, name)
}
