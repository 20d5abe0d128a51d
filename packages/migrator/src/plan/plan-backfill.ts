/** Backfill: the rows there are follow, and what has to hold of them is proven before the new version is live. */
import type { CompiledRelation, EntityMapping, Mapping } from '@backsaas/core'
import { invariant, physicalType, TENANT_COLUMN } from '@backsaas/core'
import { checkPredicate } from './checks.ts'
import { computedValue } from './computed.ts'
import { findConstraint } from './create-mapping.ts'
import { checkClause, createReference } from './create-table.ts'
import { createIndex } from './indexes.ts'
import { type Layout, NO_LOCK, type StepDraft } from './layout.ts'
import { hookSteps } from './plan-hooks.ts'
import type { TablePlan } from './plan-table.ts'
import { identifier, identifiers, literal, qualified } from './quote.ts'
import type { Backfill, BackfillValue, Blockers } from './steps.ts'

/** Usual rates of a small server, for estimates alone. */
const ROWS_PER_MS = { backfill: 60, validate: 1000, index: 300 } as const

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

function rowsOf({ table }: TablePlan, { context }: Layout): number {
  return context.rows.get(table) ?? 0
}

/** One pass over the table for all of its columns. */
function fillRows(plan: TablePlan, layout: Layout): StepDraft[] {
  const { pair, filled, computed } = plan
  const { physical } = pair.after
  const fills = new Set(plan.sync.fills.map(({ column }) => column))
  const parts = [
    ...filled.map(({ column, value }) => {
      const [name, made] = [identifier(column), value.sql('t')]
      return fills.has(column)
        ? { set: `${name} = coalesce(t.${name}, ${made})`, needs: `t.${name} is null` }
        : { set: `${name} = ${made}`, needs: `record_image_ne(row(t.${name}), row(${made}))` }
    }),
    ...computed.map((field) => {
      const [name, made] = [identifier(physical.columns[field.name] as string), computedValue(field, physical, 't')]
      return { set: `${name} = ${made}`, needs: `record_image_ne(row(t.${name}), row(${made}))` }
    }),
  ]
  if (parts.length === 0) return []
  const backfill = backfillOf(plan, layout, {
    action: 'update',
    set: parts.map(({ set }) => set).join(', '),
    where: parts.map(({ needs }) => needs).join(' or '),
    values: filled.map(({ column, value }) => madeValue(plan, column, value.sql('t'))),
  })
  return [backfillStep(plan, layout, backfill, `${pair.after.entity.name}: values for the rows there are`, false)]
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
function orphanRows(plan: TablePlan, layout: Layout): StepDraft[] {
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

function isOrphan(relation: CompiledRelation, physical: EntityMapping, mapping: Mapping): string {
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

function buildIndexes(plan: TablePlan, layout: Layout): StepDraft[] {
  const { mapping, names } = layout
  return plan.indexes.map((index): StepDraft => {
    const name = names([index.table, ...index.columns, 'index'].join('_'))
    return indexStep(plan, layout, {
      index: name,
      title: `${plan.pair.after.entity.name}: an index on ${index.columns.join(', ')}`,
      statement: createIndex(mapping.schema, index, () => name, true),
    })
  })
}

interface IndexDraft {
  readonly index: string
  readonly title: string
  readonly statement: string
  readonly blockers?: Blockers
}

function indexStep(plan: TablePlan, layout: Layout, { index, title, statement, blockers }: IndexDraft): StepDraft {
  const { mapping } = layout
  const rows = rowsOf(plan, layout)
  return {
    ...NO_LOCK,
    kind: 'index',
    phase: 'backfill',
    title,
    tables: [qualified(mapping.schema, plan.table)],
    lock: 'share update exclusive',
    rows,
    estimateMs: Math.ceil(rows / ROWS_PER_MS.index) + 5,
    pgSchema: mapping.schema,
    index,
    statements: [statement],
    ...(blockers && { blockers }),
    inverse: [`drop index if exists ${qualified(mapping.schema, index)}`],
  }
}

/** The index is built beside writers, and only then made a constraint. */
function buildUnique(plan: TablePlan, layout: Layout): StepDraft[] {
  const { entity, physical } = plan.pair.after
  const on = qualified(layout.mapping.schema, plan.table)
  return plan.unique.flatMap(({ fields, constraint }): StepDraft[] => {
    const columns = fields.map((field) => physical.columns[field] as string)
    const name = identifier(constraint)
    const build = indexStep(plan, layout, {
      index: constraint,
      title: `${entity.name}: a unique index on ${fields.join(', ')}`,
      statement: `create unique index concurrently ${name} on ${on} (${identifiers([TENANT_COLUMN, ...columns])})`,
      blockers: duplicates(on, fields, columns),
    })
    return [
      { ...build, inverse: [] },
      {
        ...NO_LOCK,
        kind: 'ddl',
        phase: 'backfill',
        title: `${entity.name}: ${fields.join(', ')} is unique`,
        tables: [on],
        lock: 'access exclusive',
        statements: [`alter table ${on} add constraint ${name} unique using index ${name}`],
        inverse: [
          `alter table ${on} drop constraint if exists ${name}`,
          `drop index if exists ${qualified(layout.mapping.schema, constraint)}`,
        ],
      },
    ]
  })
}

function duplicates(on: string, fields: readonly string[], columns: readonly string[]): Blockers {
  const set = identifiers([TENANT_COLUMN, ...columns])
  const given = columns.map((column) => `${identifier(column)} is not null`).join(' and ')
  const groups = `select ${set}, count(*) as n from ${on} where ${given} group by ${set} having count(*) > 1`
  const pairs = fields.map((field, i) => `${literal(field)}, g.${identifier(columns[i] as string)}`)
  return {
    code: 'DUPLICATES',
    message: `${fields.join(', ')} must be unique, and several rows have the same`,
    hint: 'change or delete all but one of them, then go on',
    count: `select count(*)::text from (${groups}) g`,
    samples: `select json_build_object('tenant_id', g.${identifier(TENANT_COLUMN)}, ${pairs.join(', ')}, 'rows', g.n)::text from (${groups} limit 5) g`,
  }
}

/** Checks that older rows have not been asked yet. */
function proveChecks(plan: TablePlan, layout: Layout): StepDraft[] {
  const { entity, physical } = plan.pair.after
  const on = qualified(layout.mapping.schema, plan.table)
  const narrower = new Set(plan.narrower.map(({ field }) => field))
  const fields = [...plan.checks, ...plan.wider.map(({ field }) => field), ...narrower]
  return fields.flatMap((field): StepDraft[] => {
    const constraint = findConstraint(physical, { kind: 'check', fields: [field] })
    const clause = checkClause(entity, field, physical)
    if (!constraint || !clause) return []
    const name = identifier(constraint)
    const blockers = beyond(plan, layout, field)
    const add: StepDraft = {
      ...NO_LOCK,
      kind: 'ddl',
      phase: 'backfill',
      title: `${entity.name}: narrower bounds of ${field}, for what is written from now on`,
      tables: [on],
      lock: 'access exclusive',
      statements: [`alter table ${on} add ${clause} not valid`],
      blockers,
      inverse: [`alter table ${on} drop constraint if exists ${name}`],
    }
    return [
      ...(narrower.has(field) ? [add] : []),
      validateStep(plan, layout, `${entity.name}: bounds of ${field}`, constraint, blockers),
    ]
  })
}

function beyond(plan: TablePlan, layout: Layout, field: string): Blockers {
  const { entity, physical } = plan.pair.after
  const column = physical.columns[field] as string
  const compiled = entity.fields[field]
  const predicate = (compiled && checkPredicate(compiled, column)) ?? 'true'
  const samples = sampleOf(plan, layout, [field], `not (${predicate})`)
  return {
    code: 'OUT_OF_BOUNDS',
    message: `${field} of some rows is out of its bounds`,
    hint: 'correct these rows, then go on; or go back, and say `convert: { up: "…" }` in the document',
    ...samples,
  }
}

function sampleOf(
  plan: TablePlan,
  { mapping }: Layout,
  fields: readonly string[],
  where: string,
): Pick<Blockers, 'count' | 'samples'> {
  const { entity, physical } = plan.pair.after
  const shown = [...new Set([...entity.key, ...fields])]
  const pairs = shown.map((field) => `${literal(field)}, t.${identifier(physical.columns[field] as string)}`)
  const from = `${qualified(mapping.schema, plan.table)} as t where ${where}`
  const tenant = `'tenant_id', t.${identifier(TENANT_COLUMN)}`
  return {
    count: `select count(*)::text from ${from}`,
    samples: `select json_build_object(${[tenant, ...pairs].join(', ')})::text from ${from} limit 5`,
  }
}

function validateStep(
  plan: TablePlan,
  layout: Layout,
  title: string,
  constraint: string,
  blockers: Blockers,
): StepDraft {
  const rows = rowsOf(plan, layout)
  const on = qualified(layout.mapping.schema, plan.table)
  return {
    ...NO_LOCK,
    kind: 'ddl',
    phase: 'backfill',
    title: `${title} hold for every row`,
    tables: [on],
    lock: 'share update exclusive',
    rows,
    estimateMs: Math.ceil(rows / ROWS_PER_MS.validate) + 5,
    statements: [`alter table ${on} validate constraint ${identifier(constraint)}`],
    blockers,
    inverse: [],
  }
}

function proveReferences(plan: TablePlan, layout: Layout): StepDraft[] {
  const { entity, physical } = plan.pair.after
  const { mapping } = layout
  const on = qualified(mapping.schema, plan.table)
  return plan.references.flatMap((relation): StepDraft[] => {
    const constraint = findConstraint(physical, { kind: 'reference', fields: relation.from, entity: relation.entity })
    const target = mapping.entities[relation.entity]
    invariant(constraint && target, `the mapping has the reference ${relation.name}`)
    const blockers: Blockers = {
      code: 'ORPHANS',
      message: `${relation.name} of some rows leads nowhere`,
      hint: 'correct these rows, then go on; or go back, and say `orphans: set_null` or `orphans: delete`',
      ...sampleOf(plan, layout, relation.from, isOrphan(relation, physical, mapping)),
    }
    return [
      {
        ...NO_LOCK,
        kind: 'ddl',
        phase: 'backfill',
        title: `${entity.name}: the reference ${relation.name}, for what is written from now on`,
        tables: [on, qualified(mapping.schema, target.table)],
        lock: 'share row exclusive',
        statements: [`${createReference(entity, relation, mapping)} not valid`],
        inverse: [`alter table ${on} drop constraint if exists ${identifier(constraint)}`],
      },
      // Values that came to lead nowhere between the first look and the constraint.
      ...orphanRows({ ...plan, references: [relation] }, layout),
      validateStep(plan, layout, `${entity.name}: the reference ${relation.name}`, constraint, blockers),
    ]
  })
}

/** A validated check makes SET NOT NULL a matter of the catalogue alone. */
function proveRequired(plan: TablePlan, layout: Layout): StepDraft[] {
  const { entity, physical } = plan.pair.after
  const on = qualified(layout.mapping.schema, plan.table)
  return plan.required.flatMap((field): StepDraft[] => {
    const column = identifier(physical.columns[field.name] as string)
    const check = layout.names(`${plan.table}_${physical.columns[field.name]}_required`)
    const name = identifier(check)
    const drop = `alter table ${on} drop constraint if exists ${name}`
    const blockers: Blockers = {
      code: 'NULLS',
      message: `${field.name} is required, and some rows have nothing`,
      hint: 'give these rows a value, then go on; or go back, and say `fill: …` in the document',
      ...sampleOf(plan, layout, [field.name], `t.${column} is null`),
    }
    return [
      {
        ...NO_LOCK,
        kind: 'ddl',
        phase: 'backfill',
        title: `${entity.name}: ${field.name} is required of what is written from now on`,
        tables: [on],
        lock: 'access exclusive',
        statements: [`alter table ${on} add constraint ${name} check (${column} is not null) not valid`],
        inverse: [drop],
      },
      validateStep(plan, layout, `${entity.name}: values of ${field.name}`, check, blockers),
      {
        ...NO_LOCK,
        kind: 'ddl',
        phase: 'backfill',
        title: `${entity.name}: ${field.name} is NOT NULL`,
        tables: [on],
        lock: 'access exclusive',
        statements: [`alter table ${on} alter column ${column} set not null`, drop],
        inverse: [`alter table ${on} alter column ${column} drop not null`],
      },
    ]
  })
}
