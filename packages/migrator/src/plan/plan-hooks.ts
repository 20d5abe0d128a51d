/** Conversions by a hook: a trigger queues the keys of rows that were written, and steps work the queue off. */
import type { CompiledField, EntityMapping } from '@backsaas/core'
import { invariant, physicalType, TENANT_COLUMN } from '@backsaas/core'
import { hasColumn } from './column.ts'
import { SEARCH_PATH, settingText } from './computed.ts'
import { type Layout, NO_LOCK, type StepDraft } from './layout.ts'
import type { TablePlan } from './plan-table.ts'
import { identifier, literal, qualified } from './quote.ts'
import type { HookColumn } from './steps.ts'
import { differs, given } from './sync-trigger.ts'

const TRIGGERS = { insert: 'backsaas_queue_insert', update: 'backsaas_queue_update' } as const

/** One for each hook: of all rows before the new version is live, of what is left before the old one's columns go. */
export function hookSteps(plan: TablePlan, layout: Layout, phase: 'backfill' | 'contract'): StepDraft[] {
  const { before, after } = plan.pair
  const { hooked, sides } = sidesOf(plan)
  return [...new Set(plan.hooks.values())].map((hook): StepDraft => {
    const table = qualified(layout.mapping.schema, plan.table)
    const rows = layout.context.rows.get(plan.table) ?? 0
    const key = after.entity.key.map((name) => columnOf(fieldOf(after.entity.fields, name), after.physical))
    const up = hooked
      .filter(({ name }) => plan.hooks.get(name) === hook)
      .map((field) => columnOf(field, after.physical))
    const removed = Object.values(before.entity.fields).filter(({ name }) => {
      const column = before.physical.columns[name] ?? ''
      return plan.own.old.includes(column) && sides.old.includes(column)
    })
    return {
      ...NO_LOCK,
      kind: 'hook',
      phase,
      title: `${after.entity.name}: ${hook} converts ${up.map(({ field }) => field.name).join(', ')}`,
      tables: [table],
      lock: 'row exclusive',
      rows,
      estimateMs: Math.ceil(rows / 5),
      statements: [`update ${table} set … what ${hook} makes of each row that is queued`],
      hook,
      entity: after.entity.name,
      table,
      key: [{ column: identifier(TENANT_COLUMN), type: 'uuid' }, ...key.map(({ column, type }) => ({ column, type }))],
      keyFields: after.entity.key,
      seeds: phase === 'backfill',
      reads: { old: readable(before), new: readable(after) },
      sets: { up, down: removed.map((field) => columnOf(field, before.physical)) },
      inverse: [],
    }
  })
}

/** In the transaction that adds the columns. */
export function createQueue(plan: TablePlan, { context, mapping, queueNames }: Layout): string[] {
  if (plan.hooks.size === 0) return []
  const { sides } = sidesOf(plan)
  const on = qualified(mapping.schema, plan.table)
  const name = `${qualified(mapping.schema, queueNames.get(plan.table) as string)}()`
  const settings = Object.entries(SEARCH_PATH).map(([setting, value]) => `set ${setting} = ${settingText(value)}`)
  const skipped = `current_user = ${literal(context.migrator)} and coalesce(current_setting('backsaas.backfill', true), '') = 'on'`
  const key = [
    TENANT_COLUMN,
    ...plan.pair.after.entity.key.map((field) => plan.pair.after.physical.columns[field] as string),
  ]
  const body = `
declare
  at text := current_setting('backsaas.version', true);
  is_new boolean;
  written text[];
begin
  if split_part(at, ':', 1) = ${literal(context.placementId)} then is_new := split_part(at, ':', 2)::int >= ${context.toVersion}; end if;
  if tg_op = 'INSERT' then
    is_new := coalesce(is_new, ${given(sides.new)} and not (${given(sides.old)}));
  elsif not ${differs('new', 'old', sides.new)} then
    is_new := false;
  elsif not ${differs('new', 'old', sides.old)} then
    is_new := true;
  end if;
  if tg_op = 'UPDATE' and is_new then written := ${changedOf(sides.new)};
  elsif tg_op = 'UPDATE' then written := ${changedOf(sides.old)};
  end if;
  insert into backsaas.migration_keys as k (table_name, tenant_id, row_key, side)
  values (${literal(on)}, new.${identifier(TENANT_COLUMN)},
          json_build_array(${key.map((column) => `new.${identifier(column)}::text`).join(', ')})::text,
          case when is_new then 'down' else 'up' end)
  on conflict (table_name, tenant_id, row_key) do update set n = default,
    side = case when written is null or k.side = excluded.side and k.later is null then excluded.side
                when k.side <> excluded.side then k.side
                when k.side = 'up' then 'down' else 'up' end,
    later = case when written is null or k.side = excluded.side and k.later is null then null
                 when k.side <> excluded.side then array(select distinct unnest(coalesce(k.later, '{}') || written))
                 else written end;
  return null;
end
`
  return [
    `create function ${name} returns trigger language plpgsql security definer ${settings.join(' ')} as ${literal(body)}`,
    `alter function ${name} owner to ${identifier(context.roles.owner)}`,
    `revoke all on function ${name} from public`,
    `create trigger ${TRIGGERS.insert} after insert on ${on} for each row when (not (${skipped})) execute function ${name}`,
    `create trigger ${TRIGGERS.update} after update on ${on} for each row
     when (not (${skipped}) and (${differs('new', 'old', [...sides.old, ...sides.new])})) execute function ${name}`,
  ]
}

/** Which of these an update has changed, as an array of their names. */
function changedOf(columns: readonly string[]): string {
  const names = columns.map((column) => `case when ${differs('new', 'old', [column])} then ${literal(column)} end`)
  return `array_remove(array[${names.join(', ')}]::text[], null)`
}

/** In the transaction that drops the columns. */
export function dropQueue(plan: TablePlan, { mapping, queueNames }: Layout): string[] {
  if (plan.hooks.size === 0) return []
  const on = qualified(mapping.schema, plan.table)
  return [
    `drop trigger if exists ${TRIGGERS.insert} on ${on}`,
    `drop trigger if exists ${TRIGGERS.update} on ${on}`,
    `drop function if exists ${qualified(mapping.schema, queueNames.get(plan.table) as string)}()`,
    `delete from backsaas.migration_keys where table_name = ${literal(on)}`,
  ]
}

/** What is watched: columns of one version alone that no expression keeps; of the older one all fields, where it loses none. */
function sidesOf(plan: TablePlan): {
  readonly hooked: readonly CompiledField[]
  readonly sides: { readonly old: readonly string[]; readonly new: readonly string[] }
} {
  const { before, after } = plan.pair
  const hooked = [...plan.hooks.keys()].map((name) => fieldOf(after.entity.fields, name))
  const linked = new Set(plan.sync.links.filter(({ ups }) => ups.length > 0).flatMap(({ old }) => old))
  const own = plan.own.old.filter((column) => !linked.has(column))
  const shared = Object.values(before.entity.fields)
    .filter((field) => hasColumn(field) && field.writable && !before.entity.key.includes(field.name))
    .map(({ name }) => before.physical.columns[name] as string)
  return {
    hooked,
    sides: {
      old: own.length > 0 ? own : shared,
      new: hooked.map(({ name }) => after.physical.columns[name] as string),
    },
  }
}

function fieldOf(fields: Readonly<Record<string, CompiledField>>, name: string): CompiledField {
  const field = fields[name]
  invariant(field, `the entity has the field ${name}`)
  return field
}

function readable({ entity, physical }: TablePlan['pair']['after']): HookColumn[] {
  return Object.values(entity.fields)
    .filter(hasColumn)
    .map((field) => columnOf(field, physical))
}

function columnOf(field: CompiledField, physical: EntityMapping): HookColumn {
  return {
    field,
    column: identifier(physical.columns[field.name] as string),
    type: physicalType(field.type, field.list),
  }
}
