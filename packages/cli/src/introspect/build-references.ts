/** Foreign keys → references, with names for both sides where the obvious ones collide. */

import type { FieldDocument } from './build-field.ts'
import type { PgConstraint } from './catalogue.ts'
import type { Note, TablePlan } from './table-plan.ts'

export interface ReferenceDocument {
  readonly fields: readonly string[]
  readonly to: string
  as?: string
  on_delete?: string
}

/** An entity as it stands in a document. */
export interface EntityDocument {
  description?: string
  key?: string | readonly string[]
  without?: readonly string[]
  fields: Record<string, FieldDocument>
  unique?: (readonly string[])[]
  indexes?: (readonly string[])[]
  references?: ReferenceDocument[]
  has_many?: Record<string, { entity: string; by: string | readonly string[] }>
}

interface Reference {
  readonly plan: TablePlan
  readonly target: TablePlan
  /** By the target's key, in its order. */
  readonly fields: readonly string[]
  readonly onDelete: string
}

const ON_DELETE: Readonly<Record<string, string>> = { a: 'restrict', r: 'restrict', c: 'cascade', n: 'set_null' }

/** Puts the references of all tables into their entities. */
export function addReferences(
  plans: readonly TablePlan[],
  entities: Readonly<Record<string, EntityDocument>>,
  pgSchema: string,
  note: Note,
): void {
  const references = plans.flatMap((plan) =>
    plan.table.constraints
      .filter(({ kind }) => kind === 'f')
      .flatMap((constraint) => findReference(plan, constraint, plans, pgSchema, note) ?? []),
  )
  const seen = new Set<string>()
  for (const reference of references) {
    const name = `${reference.plan.entity} ${reference.fields.join()} ${reference.target.entity}`
    if (!seen.has(name)) addReference(reference, entities, note)
    seen.add(name)
  }
  for (const reference of references) nameSides(reference, references, entities)
}

function findReference(
  plan: TablePlan,
  constraint: PgConstraint,
  plans: readonly TablePlan[],
  pgSchema: string,
  note: Note,
): Reference | null {
  const { target: to, columns, onDelete } = constraint
  const fields = columns.map((column) => plan.fields.get(column))
  const said = `${plan.entity}: the foreign key (${columns.join(', ')}) to ${to?.schema}.${to?.table}`
  const target = to?.schema === pgSchema ? plans.find(({ table }) => table.name === to.table) : undefined
  if (!target || !to) {
    note(`${said} is left out: that table is not read`)
    return null
  }
  const byKey = target.key?.map((column) => fields[to.columns.indexOf(column)])
  if (!byKey || byKey.length !== to.columns.length || byKey.some((field) => field === undefined)) {
    note(`${said} is left out: (${to.columns.join(', ')}) is not its key`)
    return null
  }
  if (!Object.hasOwn(ON_DELETE, onDelete)) note(`${said} had "on delete set default" and restricts now`)
  const names = byKey.flatMap((field) => field ?? [])
  return { plan, target, fields: names, onDelete: ON_DELETE[onDelete] ?? 'restrict' }
}

function addReference(
  { plan, target, fields, onDelete }: Reference,
  entities: Readonly<Record<string, EntityDocument>>,
  note: Note,
): void {
  const entity = entities[plan.entity]
  if (!entity) return
  const required = fields.some((name) => entity.fields[name]?.required || isKeyField(plan, name))
  if (onDelete === 'set_null' && required)
    note(`${plan.entity}.${fields.join(', ')} had "on delete set null" although it is required, and restricts now`)
  const action = onDelete === 'restrict' || (onDelete === 'set_null' && required) ? {} : { on_delete: onDelete }
  const [name = ''] = fields
  const field = entity.fields[name]
  if (fields.length > 1 || !field || field.to !== undefined) {
    entity.references = [...(entity.references ?? []), { fields, to: target.entity, ...action }]
    return
  }
  const { required: isRequired, unique, default: literal, description } = field
  entity.fields[name] = {
    to: target.entity,
    ...(isRequired && { required: isRequired }),
    ...(unique && { unique }),
    ...action,
    ...(literal !== undefined && { default: literal }),
    ...(description !== undefined && { description }),
  }
}

function isKeyField({ key, fields }: TablePlan, name: string): boolean {
  return (key ?? []).some((column) => fields.get(column) === name)
}

/** The language would name this side after the field, or else the target; the other side after the entity. */
function nameSides(
  reference: Reference,
  all: readonly Reference[],
  entities: Readonly<Record<string, EntityDocument>>,
): void {
  const { plan, target, fields } = reference
  const entity = entities[plan.entity]
  const other = entities[target.entity]
  if (!entity || !other) return
  const derived = derivedName(reference, entity)
  const isAmbiguous =
    derived === target.entity &&
    (plan === target || all.some((rival) => rival !== reference && rival.plan === plan && rival.target === target))
  const isColliding = Object.hasOwn(entity.fields, derived) || hasSystemName(plan, derived)
  if (isAmbiguous || isColliding) {
    const place = entity.references?.find((item) => item.to === target.entity && item.fields.join() === fields.join())
    const holder = place ?? entity.fields[fields[0] ?? '']
    if (holder) holder.as = freeName(`${fields.join('_')}_row`, entity)
  }
  if (!Object.hasOwn(other.fields, plan.entity) && !hasSystemName(target, plan.entity)) return
  const by = fields.length === 1 ? (fields[0] ?? '') : fields
  other.has_many = { ...other.has_many, [freeName(`${plan.entity}_rows`, other)]: { entity: plan.entity, by } }
}

function derivedName({ target, fields }: Reference, entity: EntityDocument): string {
  const [field = ''] = fields
  const key = target.isGenerated ? 'id' : (target.fields.get(target.key?.[0] ?? '') ?? 'id')
  for (const ending of fields.length === 1 ? [`_${key}`, '_id'] : []) {
    const name = field.endsWith(ending) ? field.slice(0, -ending.length) : ''
    if (name !== '' && !Object.hasOwn(entity.fields, name)) return name
  }
  return target.entity
}

function hasSystemName({ system, isGenerated }: TablePlan, name: string): boolean {
  return system.has(name) || (isGenerated && name === 'id')
}

function freeName(wanted: string, entity: EntityDocument): string {
  let name = wanted.slice(0, 44)
  for (let n = 2; Object.hasOwn(entity.fields, name) || Object.hasOwn(entity.has_many ?? {}, name); n++)
    name = `${wanted.slice(0, 44)}_${n}`
  return name
}
