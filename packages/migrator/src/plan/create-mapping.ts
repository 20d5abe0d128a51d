/** Logical to physical names of a new version: what the version before had keeps its names, the rest gets new ones. */
import type { CompiledEntity, CompiledSchema, ConstraintMapping, EntityMapping, Mapping } from '@backsaas/core'
import { TENANT_COLUMN } from '@backsaas/core'
import { checkPredicate } from './checks.ts'
import { hasColumn } from './column.ts'
import type { EntityMatch, Matches } from './identity.ts'
import { createNames, type NameGiver, type Naming } from './names.ts'

export interface MappingContext {
  /** The Postgres schema of the store. */
  readonly pgSchema: string
  readonly naming: Naming
  /** The mappings of every earlier version of this placement, oldest first: their names are never given again. */
  readonly history: readonly Mapping[]
  /** The version before, where there is one, and what of it is what of this one. */
  readonly previous?: { readonly mapping: Mapping; readonly matches: Matches }
  /** `entity.field` of fields whose column, or whose check, is another one than before. */
  readonly fresh?: { readonly columns: ReadonlySet<string>; readonly checks: ReadonlySet<string> }
  /** Gives names of tables, constraints and indexes, which share one name space in a Postgres schema. */
  readonly names: NameGiver
}

/** Columns that every Postgres table has, and ours. */
const TAKEN_COLUMNS = [TENANT_COLUMN, 'ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']

/** The mapping of `schema` as the next version of a placement. */
export function createMapping(schema: CompiledSchema, context: MappingContext): Mapping {
  const entities: Record<string, EntityMapping> = {}
  for (const entity of Object.values(schema.entities)) entities[entity.name] = mapEntity(entity, context)
  return { schema: context.pgSchema, entities }
}

function mapEntity(entity: CompiledEntity, context: MappingContext): EntityMapping {
  const { previous: before, fresh } = context
  const match = before?.matches.entities.get(entity.name)
  const previous = match && ownProperty(before?.mapping.entities, match.before.name)
  const table = previous?.table ?? context.names(context.naming(entity.name, null))
  const nameColumn = createNames([...TAKEN_COLUMNS, ...columnsEver(table, context.history)])
  const columns: Record<string, string> = {}
  for (const { name } of Object.values(entity.fields).filter(hasColumn)) {
    const kept = fresh?.columns.has(`${entity.name}.${name}`) ? undefined : match?.origins.get(name)
    columns[name] = ownProperty(previous?.columns, kept ?? '') ?? nameColumn(context.naming(entity.name, name))
  }
  const known =
    previous && before && match ? keptConstraints(previous, columns, match, before.matches, fresh) : new Map()
  const constraints: Record<string, ConstraintMapping> = {}
  for (const wanted of wantedConstraints(entity, columns)) {
    const words = wanted.fields.map((field) => columns[field] as string)
    const kept: string | undefined = known.get(meaningOf(wanted))
    constraints[kept ?? context.names([table, ...words, SUFFIX[wanted.kind]].join('_'))] = wanted
  }
  return { table, columns, constraints }
}

/** The constraints of the version before that mean something in this one, by what they mean. */
function keptConstraints(
  previous: EntityMapping,
  columns: Readonly<Record<string, string>>,
  match: EntityMatch,
  matches: Matches,
  fresh: MappingContext['fresh'],
): ReadonlyMap<string, string> {
  const now = new Map([...match.origins].map(([name, origin]) => [origin, name]))
  const targets = new Map([...matches.entities].map(([name, { before }]) => [before.name, name]))
  const kept = new Map<string, string>()
  for (const [name, { kind, fields, entity }] of Object.entries(previous.constraints)) {
    const translated = fields.map((field) => now.get(field) ?? '')
    const moved = translated.some((field, i) => columns[field] !== previous.columns[fields[i] as string])
    const changed = kind === 'check' && translated.some((field) => fresh?.checks.has(`${match.after.name}.${field}`))
    const target = entity === undefined ? undefined : targets.get(entity)
    if (moved || changed || (entity !== undefined && target === undefined)) continue
    kept.set(meaningOf({ kind, fields: translated, ...(target !== undefined && { entity: target }) }), name)
  }
  return kept
}

/** Every column name that the table has had in any version. */
function columnsEver(table: string, history: readonly Mapping[]): string[] {
  return history.flatMap((mapping) =>
    Object.values(mapping.entities)
      .filter((entity) => entity.table === table)
      .flatMap((entity) => Object.values(entity.columns)),
  )
}

const SUFFIX = { key: 'key', unique: 'unique', reference: 'reference', check: 'check' } as const

function wantedConstraints(entity: CompiledEntity, columns: Readonly<Record<string, string>>): ConstraintMapping[] {
  const references = Object.values(entity.relations).filter((relation) => relation.kind === 'one')
  const checked = Object.values(entity.fields)
    .filter(hasColumn)
    .filter((field) => checkPredicate(field, columns[field.name] as string))
  return [
    { kind: 'key', fields: entity.key },
    ...entity.unique.map((fields) => ({ kind: 'unique' as const, fields })),
    ...references.map((r) => ({ kind: 'reference' as const, fields: r.from, entity: r.entity })),
    ...checked.map((field) => ({ kind: 'check' as const, fields: [field.name] })),
  ]
}

/** The physical name of the constraint of `entity` that means the same as `wanted`. */
export function findConstraint(entity: EntityMapping, wanted: ConstraintMapping): string | undefined {
  const meaning = meaningOf(wanted)
  return Object.entries(entity.constraints).find(([, constraint]) => meaningOf(constraint) === meaning)?.[0]
}

function meaningOf(constraint: ConstraintMapping): string {
  return JSON.stringify([constraint.kind, constraint.fields, constraint.entity ?? null])
}

/** A record's own value: names such as `constructor` come from users. */
export function ownProperty<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined
}
