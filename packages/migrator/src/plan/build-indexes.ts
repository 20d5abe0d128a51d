/** Indexes that are built beside writers, of which some become constraints. */
import { TENANT_COLUMN } from '@backsaas/core'
import { ROWS_PER_MS, rowsOf } from './fill-rows.ts'
import { createIndex } from './indexes.ts'
import { type Layout, NO_LOCK, type StepDraft } from './layout.ts'
import type { TablePlan } from './plan-table.ts'
import { identifier, identifiers, literal, qualified } from './quote.ts'
import type { Blockers } from './steps.ts'

export function buildIndexes(plan: TablePlan, layout: Layout): StepDraft[] {
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
export function buildUnique(plan: TablePlan, layout: Layout): StepDraft[] {
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
    samples: `select json_build_object('tenant_id', g.${identifier(TENANT_COLUMN)}, ${pairs.join(', ')}, 'rows', g.n)::text from (${groups}) g`,
  }
}
