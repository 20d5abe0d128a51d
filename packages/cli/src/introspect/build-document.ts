/** Tables → a schema document, and the list of what is not as it was. */

import { buildField } from './build-field.ts'
import { addReferences, type EntityDocument } from './build-references.ts'
import type { PgTable } from './catalogue.ts'
import { type Note, planTables, SYSTEM_FIELDS, type TablePlan } from './table-plan.ts'

export interface BuiltDocument {
  readonly document: {
    readonly schema: string
    readonly entities: Readonly<Record<string, EntityDocument>>
  }
  readonly plans: readonly TablePlan[]
  /** What was renamed, changed or left out, one sentence each. */
  readonly notes: readonly string[]
}

/**
 * Describes tables in the schema language. Pure.
 *
 * @param tables without the tenant, see `stripTenant`.
 * @example buildDocument('shop', tables, 'public').document.entities.customers
 */
export function buildDocument(schema: string, tables: readonly PgTable[], pgSchema: string): BuiltDocument {
  const notes: string[] = []
  const note: Note = (text) => notes.push(text)
  const plans = planTables(tables, note)
  const entities: Record<string, EntityDocument> = Object.fromEntries(
    plans.map((plan) => [plan.entity, buildEntity(plan, note)]),
  )
  addReferences(plans, entities, pgSchema, note)
  for (const plan of plans) addSets(plan, entities[plan.entity], note)
  return { document: { schema, entities }, plans, notes }
}

function buildEntity(plan: TablePlan, note: Note): EntityDocument {
  const { table, entity, fields, key, isGenerated, system } = plan
  const without = SYSTEM_FIELDS.filter((name) => !system.has(name))
  const declared = table.columns.flatMap((column) => {
    const field = fields.get(column.name)
    if (field === undefined || (isGenerated && key?.[0] === column.name)) return []
    return [[field, buildField(plan, column, note)] as const]
  })
  for (const { kind, columns, check, name } of table.constraints) {
    if (kind === 'c' && columns.length !== 1) note(`${entity} loses a check of several columns: ${check}`)
    if (kind === 'x') note(`${entity} loses the exclusion constraint "${name}"`)
  }
  const names = (key ?? []).flatMap((column) => fields.get(column) ?? [])
  return {
    ...(table.comment && { description: table.comment }),
    ...(!isGenerated && { key: names.length === 1 ? (names[0] ?? '') : names }),
    ...(without.length > 0 && { without }),
    fields: Object.fromEntries(declared),
  }
}

/** What is unique and what is indexed, less what the key and the references bring by themselves. */
function addSets(plan: TablePlan, entity: EntityDocument | undefined, note: Note): void {
  if (!entity) return
  const { table, fields, key } = plan
  const keyFields = (key ?? []).flatMap((column) => fields.get(column) ?? [])
  const nameAll = (columns: readonly string[], what: string): readonly string[] | null => {
    const names = columns.flatMap((column) => fields.get(column) ?? (plan.system.has(column) ? [column] : []))
    const isSound = names.length === columns.length && !names.some((name) => entity.fields[name]?.type === 'json')
    if (!isSound) note(`${plan.entity} loses ${what}: it holds a column that cannot be in one`)
    return isSound && names.length > 0 ? names : null
  }
  const seen = new Set([keyFields.join()])
  for (const columns of uniqueSets(table)) {
    const names = nameAll(columns, 'a unique set')
    if (!names || seen.has(names.join())) continue
    seen.add(names.join())
    const [only = ''] = names
    const field = entity.fields[only]
    if (names.length === 1 && field) entity.fields[only] = { ...field, unique: true }
    else entity.unique = [...(entity.unique ?? []), names]
  }
  const references = [
    ...Object.entries(entity.fields).flatMap(([name, field]) => (field.to === undefined ? [] : [[name]])),
    ...(entity.references ?? []).map((reference) => reference.fields),
  ]
  for (const reference of references) seen.add(reference.join())
  for (const index of table.indexes.filter(({ isUnique, ofConstraint }) => !isUnique && !ofConstraint)) {
    const names = index.isPlain ? nameAll(index.columns, 'an index') : null
    if (!index.isPlain) note(`${plan.entity} loses the index "${index.name}": it is not a plain one`)
    if (!names || seen.has(names.join())) continue
    seen.add(names.join())
    entity.indexes = [...(entity.indexes ?? []), names]
  }
  for (const index of table.indexes.filter(
    ({ isUnique, isPlain, ofConstraint }) => isUnique && !isPlain && !ofConstraint,
  ))
    note(`${plan.entity} loses the unique index "${index.name}": it is not a plain one`)
}

function uniqueSets(table: PgTable): readonly (readonly string[])[] {
  return [
    ...table.constraints.filter(({ kind }) => kind === 'u').map(({ columns }) => columns),
    ...table.indexes
      .filter((index) => index.isUnique && index.isPlain && !index.ofConstraint)
      .map(({ columns }) => columns),
  ].filter((columns) => columns.length > 0)
}
