/** Values for the rows there are: of what is new, and of references that lead nowhere. */
import {
  type CompiledRelation,
  type EntityMapping,
  invariant,
  type Mapping,
  physicalType,
  TENANT_COLUMN,
} from '@backsaas/core'
import { checkPredicate } from './checks.ts'
import { computedValue } from './computed.ts'
import { type Layout, NO_LOCK, type StepDraft } from './layout.ts'
import type { TablePlan } from './plan-table.ts'
import { identifier, qualified } from './quote.ts'
import type { Backfill, BackfillValue } from './steps.ts'

/** Usual rates of a small server, for estimates alone. */
export const ROWS_PER_MS = { backfill: 60, validate: 1000, index: 300 } as const

export function rowsOf({ table }: TablePlan, { context }: Layout): number {
  return context.rows.get(table) ?? 0
}

/** One pass over the table for all of its columns. */
export function fillRows(plan: TablePlan, layout: Layout): StepDraft[] {
  const { pair, filled, computed } = plan
  const { physical } = pair.after
  const fills = new Set(plan.sync.fills.map(({ column }) => column))
  const required = new Set(plan.required.map(({ name }) => physical.columns[name]))
  const parts = [
    ...filled.map(({ column, value }) => {
      const [name, made] = [identifier(column), value.sql('t')]
      const isEmpty = `t.${name} is null`
      if (fills.has(column)) return { set: `${name} = coalesce(t.${name}, ${made})`, isEmpty, differs: null }
      return { set: `${name} = ${made}`, isEmpty: required.has(column) ? isEmpty : null, differs: differs(name, made) }
    }),
    ...computed.map((field) => {
      const [name, made] = [identifier(physical.columns[field.name] as string), computedValue(field, physical, 't')]
      return { set: `${name} = ${made}`, isEmpty: null, differs: differs(name, made) }
    }),
  ]
  if (parts.length === 0) return []
  // What may not stay empty is asked first: nearly every row answers there, and no value is worked out twice.
  const needs = [...parts.map(({ isEmpty }) => isEmpty), ...parts.map((part) => part.differs)]
  const backfill = backfillOf(plan, layout, {
    action: 'update',
    set: parts.map(({ set }) => set).join(', '),
    where: needs.filter((need) => need !== null).join(' or '),
    values: filled.map(({ column, value }) => madeValue(plan, column, value.sql('t'))),
  })
  return [backfillStep(plan, layout, backfill, `${pair.after.entity.name}: values for the rows there are`, false)]
}

function differs(column: string, made: string): string {
  return `record_image_ne(row(t.${column}), row(${made}))`
}

/** The value of a column, and what has to hold of it. */
function madeValue({ pair }: TablePlan, column: string, expression: string): BackfillValue {
  const { entity, physical } = pair.after
  const field = Object.values(entity.fields).find(({ name }) => physical.columns[name] === column)
  invariant(field, `the column ${column} has a field`)
  return {
    field: field.name,
    type: physicalType(field.type, field.list),
    expression,
    predicate: checkPredicate(field, 'v'),
  }
}

function backfillOf(
  plan: TablePlan,
  { mapping }: Layout,
  what: Pick<Backfill, 'action' | 'set' | 'where' | 'values'>,
): Backfill {
  const { entity, physical } = plan.pair.after
  const key = entity.key.map((name) => {
    const field = entity.fields[name]
    invariant(field, `the key field ${name}`)
    return { column: identifier(physical.columns[name] as string), type: physicalType(field.type, field.list) }
  })
  return {
    entity: entity.name,
    table: qualified(mapping.schema, plan.table),
    key: [{ column: identifier(TENANT_COLUMN), type: 'uuid' }, ...key],
    keyFields: entity.key,
    ...what,
  }
}

function backfillStep(
  plan: TablePlan,
  layout: Layout,
  backfill: Backfill,
  title: string,
  destructive: boolean,
): StepDraft {
  const rows = rowsOf(plan, layout)
  const range = backfill.key.map(({ column }) => column).join(', ')
  const text =
    backfill.action === 'update'
      ? `update ${backfill.table} as t set ${backfill.set} where (${range}) in the range and (${backfill.where})`
      : `delete from ${backfill.table} as t where (${range}) in the range and (${backfill.where})`
  return {
    ...NO_LOCK,
    kind: 'backfill',
    phase: 'backfill',
    title,
    tables: [backfill.table],
    lock: 'row exclusive',
    rows,
    estimateMs: Math.ceil(rows / ROWS_PER_MS.backfill),
    destructive,
    backfill,
    statements: [text],
    inverse: [],
  }
}

/** What becomes of values of a new reference that lead nowhere. */
export function orphanRows(plan: TablePlan, layout: Layout): StepDraft[] {
  return plan.references.flatMap((relation): StepDraft[] => {
    const { entity, physical } = plan.pair.after
    const said = relation.from.map((field) => entity.fields[field]?.evolution?.orphans).find((one) => one !== undefined)
    if (said === undefined || said === 'fail') return []
    const columns = relation.from.map((field) => identifier(physical.columns[field] as string))
    const backfill = backfillOf(plan, layout, {
      action: said === 'delete' ? 'delete' : 'update',
      set: columns.map((column) => `${column} = null`).join(', '),
      where: isOrphan(relation, physical, layout.mapping),
      values: [],
    })
    const title = `${entity.name}: ${said === 'delete' ? 'rows' : 'values'} whose ${relation.name} leads nowhere are ${said === 'delete' ? 'deleted' : 'emptied'}`
    return [backfillStep(plan, layout, backfill, title, said === 'delete')]
  })
}

export function isOrphan(relation: CompiledRelation, physical: EntityMapping, mapping: Mapping): string {
  const target = mapping.entities[relation.entity]
  invariant(target, `the mapping has the entity ${relation.entity}`)
  const pairs = relation.from.map((field, i) => [
    `t.${identifier(physical.columns[field] as string)}`,
    `o.${identifier(target.columns[relation.to[i] as string] as string)}`,
  ])
  const tenant = identifier(TENANT_COLUMN)
  const match = [`o.${tenant} = t.${tenant}`, ...pairs.map(([a, b]) => `${a} = ${b}`)].join(' and ')
  const given = pairs.map(([a]) => `${a} is not null`).join(' and ')
  return `${given} and not exists (select from ${qualified(mapping.schema, target.table)} as o where ${match})`
}
