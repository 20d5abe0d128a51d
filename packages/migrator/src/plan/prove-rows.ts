/** What has to hold of every row: said of what is written from now on, then proven of the rest. */
import { invariant } from '@backsaas/core'
import { checkPredicate } from './checks.ts'
import { findConstraint } from './create-mapping.ts'
import { checkClause, createReference } from './create-table.ts'
import { isOrphan, orphanRows, ROWS_PER_MS, rowsOf } from './fill-rows.ts'
import { type Layout, NO_LOCK, type StepDraft } from './layout.ts'
import type { TablePlan } from './plan-table.ts'
import { identifier, qualified } from './quote.ts'
import { rowsWhere } from './rows-where.ts'
import type { Blockers } from './steps.ts'

/** Checks that older rows have not been asked yet. */
export function proveChecks(plan: TablePlan, layout: Layout): StepDraft[] {
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

function sampleOf(plan: TablePlan, { mapping }: Layout, fields: readonly string[], where: string) {
  return rowsWhere({ version: plan.pair.after, pgSchema: mapping.schema, table: plan.table }, fields, where)
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

export function proveReferences(plan: TablePlan, layout: Layout): StepDraft[] {
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
export function proveRequired(plan: TablePlan, layout: Layout): StepDraft[] {
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
