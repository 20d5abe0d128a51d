/** A compiled schema to what has to happen in Postgres: the names of the new version, and its DDL. Pure. */
import type { CompiledEntity, CompiledSchema, Mapping } from '@backsaas/core'
import { invariant } from '@backsaas/core'
import { columnDefinition, hasColumn } from './column.ts'
import { fillComputed, keepComputed, storedComputed } from './computed.ts'
import { createMapping, ownProperty } from './create-mapping.ts'
import { checkClause, createReferences, createTable } from './create-table.ts'
import { type Change, diffSchemas, refuseBreaking } from './diff.ts'
import { createNames, type NameGiver, type Naming } from './names.ts'
import { qualified } from './quote.ts'
import type { Roles } from './row-security.ts'

export interface PlanContext {
  readonly pgSchema: string
  readonly roles: Roles
  readonly naming: Naming
  /** Every name that the Postgres schema holds or has ever held. */
  readonly taken: Iterable<string>
  /** The mappings of every earlier version, oldest first. */
  readonly history: readonly Mapping[]
  /** The functions that keep stored computed fields of tables that stand, by physical table. */
  readonly functions: ReadonlyMap<string, string>
  /** Physical tables of `tablesToFill` that have more rows than are filled while the table is locked. */
  readonly crowded: ReadonlySet<string>
}

/** As many as are worked out in some 50 ms, for which the table is locked. */
export const FILL_ROWS_MAX = 2_000

export interface VersionPlan {
  readonly mapping: Mapping
  readonly changes: readonly Change[]
  /** To be run in order, in one transaction, as the migrator. Empty where only the runtime reads what changed. */
  readonly statements: readonly string[]
}

/**
 * The plan of `next` as the version after `previous` (null for a first one). Constraints on columns added to a table
 * that has rows are left to be validated, and their indexes to be built, after the transaction.
 *
 * @throws `NEEDS_MIGRATION` (409) where a change is not compatible, or is a stored computed field of a crowded table.
 */
export function planVersion(next: CompiledSchema, previous: CompiledSchema | null, context: PlanContext): VersionPlan {
  const changes = previous ? diffSchemas(previous, next) : []
  refuseBreaking(next.name, [...changes, ...tooManyRows(next, previous, context)])
  const names = createNames(context.taken)
  const mapping = createMapping(next, { ...context, names })
  const entities = Object.values(next.entities)
  const isNew = (entity: CompiledEntity): boolean => !previous || !Object.hasOwn(previous.entities, entity.name)
  const created = entities.filter(isNew)
  const statements = [
    ...created.flatMap((entity) => createTable(entity, mapping, context.roles, names)),
    ...created.flatMap((entity) => createReferences(entity, mapping)),
    ...entities
      .filter((entity) => !isNew(entity))
      .flatMap((entity) => addColumns(entity, previous, mapping, { ...context, names })),
  ]
  return { mapping, changes, statements }
}

/** The physical tables that stand and get stored computed fields, each with these fields. */
export function tablesToFill(
  next: CompiledSchema,
  previous: CompiledSchema | null,
  standing: Mapping | undefined,
): { readonly entity: string; readonly table: string; readonly fields: readonly string[] }[] {
  return Object.values(next.entities).flatMap((entity) => {
    const before = ownProperty(previous?.entities, entity.name)
    const physical = ownProperty(standing?.entities, entity.name)
    if (!before || !physical) return []
    const fields = storedComputed(entity).flatMap(({ name }) => (Object.hasOwn(before.fields, name) ? [] : [name]))
    return fields.length === 0 ? [] : [{ entity: entity.name, table: physical.table, fields }]
  })
}

function tooManyRows(next: CompiledSchema, previous: CompiledSchema | null, context: PlanContext): Change[] {
  return tablesToFill(next, previous, context.history.at(-1))
    .filter(({ table }) => context.crowded.has(table))
    .flatMap(({ entity, fields }) =>
      fields.map((field) => ({
        pointer: `/entities/${entity}/fields/${field}`,
        kind: 'ADD_STORED_COMPUTED',
        class: 'breaking',
        message: `${field} would have to be worked out for more than ${FILL_ROWS_MAX} rows; without \`stored\` it needs no column`,
      })),
    )
}

/**
 * One ALTER TABLE for all new columns; their checks come NOT VALID, since the scan would hold the table locked. Stored computed
 * fields are worked out for the rows there are, by the trigger that keeps them from here on.
 */
function addColumns(
  entity: CompiledEntity,
  previous: CompiledSchema | null,
  mapping: Mapping,
  { roles, functions, names }: PlanContext & { readonly names: NameGiver },
): string[] {
  const before = previous?.entities[entity.name]
  const physical = mapping.entities[entity.name]
  invariant(before && physical, `the entity ${entity.name} is in the version before and in the mapping`)
  const added = Object.values(entity.fields).filter(
    (field) => hasColumn(field) && !Object.hasOwn(before.fields, field.name),
  )
  if (added.length === 0) return []
  const table = qualified(mapping.schema, physical.table)
  const columns = added.map((field) => `add column ${columnDefinition(field, physical.columns[field.name] as string)}`)
  const checks = added.flatMap((field) => checkClause(entity, field.name, physical) ?? [])
  const actions = [...columns, ...checks.map((check) => `add ${check} not valid`)]
  const computed = added.filter((field) => field.computed).map((field) => physical.columns[field.name] as string)
  const nameOf = (): string => functions.get(physical.table) ?? names(`${physical.table}_computed`)
  return [
    `alter table ${table} ${actions.join(', ')}`,
    ...(computed.length === 0 ? [] : [...keepComputed(entity, mapping, roles, nameOf), fillComputed(table, computed)]),
  ]
}
