/** Contract: what only retired versions needed goes. */
import { invariant } from '@backsaas/core'
import { dropComputed, keepComputed } from './computed.ts'
import { type Layout, NO_LOCK, type StepDraft, syncContext } from './layout.ts'
import { fit } from './names.ts'
import { dropQueue, hookSteps } from './plan-hooks.ts'
import type { TablePlan } from './plan-table.ts'
import { identifier, literal, qualified } from './quote.ts'
import { dropSync, needsSync } from './sync-trigger.ts'

export function planContract(layout: Layout): StepDraft[] {
  return [
    ...layout.tables.flatMap((plan) => hookSteps(plan, layout, 'contract')),
    ...layout.tables.flatMap((plan) => dropIndexes(plan, layout)),
    ...layout.tables.flatMap((plan) => contractTable(plan, layout)),
    ...parkTables(layout),
  ]
}

/** Concurrently, and before their columns: dropping a column would drop them under its lock. */
function dropIndexes(plan: TablePlan, { mapping }: Layout): StepDraft[] {
  if (plan.own.old.length + plan.droppedIndexes.length === 0) return []
  return [
    {
      ...NO_LOCK,
      kind: 'drop_index',
      phase: 'contract',
      title: `${plan.pair.after.entity.name}: indexes that nothing needs any more`,
      tables: [qualified(mapping.schema, plan.table)],
      lock: 'share update exclusive',
      pgSchema: mapping.schema,
      table: plan.table,
      columns: plan.own.old,
      indexes: plan.droppedIndexes,
      statements: [
        ...(plan.own.old.length > 0 ? [`drop index concurrently, of each index on ${plan.own.old.join(', ')}`] : []),
        ...plan.droppedIndexes.map((columns) => `drop index concurrently, of (${columns.join(', ')})`),
      ],
      inverse: [],
    },
  ]
}

function contractTable(plan: TablePlan, layout: Layout): StepDraft[] {
  const { mapping } = layout
  const { match, after } = plan.pair
  const on = qualified(mapping.schema, plan.table)
  const actions = [
    ...plan.droppedConstraints.map((name) => `drop constraint if exists ${identifier(name)}`),
    ...plan.own.old.map((column) => `drop column if exists ${identifier(column)}`),
    ...plan.defaults.map(({ column, clause }) => `alter column ${column} set ${clause}`),
  ]
  const removed = match.removed.filter((name) => !match.before.fields[name]?.computed)
  const sync = needsSync(plan.sync) ? dropSync(syncContext(plan, layout)) : []
  const statements = [
    ...dropQueue(plan, layout),
    ...sync,
    ...computedAfter(plan, layout),
    ...(actions.length > 0 ? [`alter table ${on} ${actions.join(', ')}`] : []),
  ]
  if (statements.length === 0) return []
  const what =
    removed.length > 0 ? `${removed.join(', ')} and what kept both versions in step` : 'what kept both versions in step'
  return [
    {
      ...NO_LOCK,
      kind: 'ddl',
      phase: 'contract',
      title: `${after.entity.name}: ${what}`,
      tables: [on],
      lock: 'access exclusive',
      destructive: removed.length > 0,
      statements,
      inverse: [],
    },
  ]
}

/** What keeps computed fields is that of the new version alone. */
function computedAfter({ table, pair }: TablePlan, { context, mapping, previous }: Layout): string[] {
  const { entity, physical } = pair.after
  const before = previous.entities[pair.match.before.name]
  const had = Object.values(before?.fields ?? {}).some(({ computed }) => computed?.stored)
  const has = Object.values(entity.fields).some(({ computed }) => computed?.stored)
  const name = context.functions.get(table)
  if (!had || name === undefined) return []
  if (has) return keepComputed([{ entity, physical }], mapping.schema, context.roles, () => name)
  return dropComputed(mapping.schema, table, name)
}

/** A table that no version has any more is put aside; dropping it is another matter. */
function parkTables({ matches, context, mapping }: Layout): StepDraft[] {
  const gone = matches.removed.map((name) => ({ name, physical: context.previous.entities[name] }))
  const references = gone.flatMap(({ physical }) => {
    invariant(physical, 'the mapping has what is gone')
    const drops = Object.entries(physical.constraints)
      .filter(([, { kind }]) => kind === 'reference')
      .map(([name]) => `drop constraint if exists ${identifier(name)}`)
    return drops.length > 0 ? [`alter table ${qualified(mapping.schema, physical.table)} ${drops.join(', ')}`] : []
  })
  const parks = gone.map(({ name, physical }): StepDraft => {
    invariant(physical, 'the mapping has what is gone')
    const on = qualified(mapping.schema, physical.table)
    const parked = fit(`parked_${context.toVersion}_${physical.table}`, '')
    return {
      ...NO_LOCK,
      kind: 'ddl',
      phase: 'contract',
      title: `${name}: its table is put aside as ${parked}`,
      tables: [on],
      lock: 'access exclusive',
      destructive: true,
      statements: [
        ...references.filter((text) => text.includes(` ${on} `)),
        `revoke all on ${on} from ${identifier(context.roles.runtime)}`,
        `alter table ${on} rename to ${identifier(parked)}`,
        `insert into backsaas.parked_tables (name, migration_id, entity)
         select ${literal(qualified(mapping.schema, parked))}, id, ${literal(name)} from backsaas.migrations
         where placement_id = ${literal(context.placementId)} and to_version = ${context.toVersion}`,
      ],
      inverse: [],
    }
  })
  return parks
}
