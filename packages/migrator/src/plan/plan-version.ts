/** A compiled schema to what has to happen in Postgres: the names of the new version, and its DDL. Pure. */
import type { CompiledEntity, CompiledSchema, EntityMapping, Mapping } from '@backsaas/core'
import { invariant } from '@backsaas/core'
import { columnDefinition, hasColumn } from './column.ts'
import { fillComputed, type Kept, keepComputed, storedComputed } from './computed.ts'
import { createMapping, findConstraint, ownProperty } from './create-mapping.ts'
import { checkClause, createReferences, createTable } from './create-table.ts'
import { type Change, diffSchemas, refuseAmbiguous, refuseBreaking } from './diff.ts'
import { fieldChange } from './diff-field.ts'
import { type EntityMatch, type Matches, matchSchemas } from './identity.ts'
import { createNames, type NameGiver, type Naming } from './names.ts'
import { identifier, qualified } from './quote.ts'
import type { Roles } from './row-security.ts'
import { heldEntities, type LiveVersion, refuseOver, type WaitingMigration, widenedOver } from './waiting-migration.ts'

export interface PlanContext {
  readonly pgSchema: string
  readonly roles: Roles
  readonly naming: Naming
  /** Every name that the Postgres schema holds or has ever held. */
  readonly taken: Iterable<string>
  /** The mappings of every earlier version, oldest first. */
  readonly history: readonly Mapping[]
  /** The mapping of the version before; the last one of `history` unless given. */
  readonly previous?: Mapping
  /** The other live versions, oldest first; the one before unless given. */
  readonly live?: readonly LiveVersion[]
  /** Migrations that wait for their contract, oldest first; none unless given. */
  readonly waiting?: readonly WaitingMigration[]
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
 * @throws `CHANGE_AMBIGUOUS` (409) where the document can be read in several ways; `NEEDS_MIGRATION` (409) where a change is
 *   not compatible, or is a stored computed field of a crowded table; `MIGRATION_OPEN` (409) where it is not compatible with a
 *   version that a migration still serves.
 */
export function planVersion(next: CompiledSchema, previous: CompiledSchema | null, context: PlanContext): VersionPlan {
  const changes = previous ? diffSchemas(previous, next) : []
  refuseAmbiguous(next.name, changes)
  refuseBreaking(next.name, [...changes, ...tooManyRows(next, previous, context)])
  const names = createNames(context.taken)
  const before = standing(previous, next, context)
  const checks = widened(before?.matches)
  const mapping = createMapping(next, {
    pgSchema: context.pgSchema,
    naming: context.naming,
    history: context.history,
    ...(before && { previous: before }),
    fresh: { columns: new Set(), checks },
    names,
  })
  const entities = Object.values(next.entities)
  refuseWidened(next, mapping, checks, context)
  const created = entities.filter((entity) => !before?.matches.entities.has(entity.name))
  const statements = [
    ...created.flatMap((entity) => createTable(entity, mapping, context.roles, names)),
    ...created.flatMap((entity) => createReferences(entity, mapping)),
    ...entities.flatMap((entity) => {
      const match = before?.matches.entities.get(entity.name)
      return match && before ? changeTable(match, before, mapping, { ...context, names, checks }) : []
    }),
  ]
  return { mapping, changes, statements }
}

/** The version before as it stands: its names, and what of it is what of the next one. */
export interface Standing {
  readonly mapping: Mapping
  readonly matches: Matches
  readonly compiled: CompiledSchema
}

function standing(previous: CompiledSchema | null, next: CompiledSchema, context: PlanContext): Standing | undefined {
  const mapping = context.previous ?? context.history.at(-1)
  return previous && mapping ? { mapping, matches: matchSchemas(previous, next), compiled: previous } : undefined
}

/** `entity.field` whose CHECK admits more than it did. */
function widened(matches: Matches | undefined): ReadonlySet<string> {
  const found = [...(matches?.entities.values() ?? [])].flatMap((match) =>
    Object.values(match.after.fields).flatMap((field) => {
      const before = match.before.fields[match.origins.get(field.name) ?? '']
      const wider = before && fieldChange(before, field, match).constraint === 'wider'
      return wider ? [`${match.after.name}.${field.name}`] : []
    }),
  )
  return new Set(found)
}

/** What the version before admits, an older one that still serves may not. */
function refuseWidened(
  next: CompiledSchema,
  mapping: Mapping,
  checks: ReadonlySet<string>,
  { live = [], waiting = [] }: PlanContext,
): void {
  if (waiting.length === 0) return
  const reasons = Object.values(next.entities).flatMap((entity) => {
    const fields = Object.values(entity.fields).filter(({ name }) => checks.has(`${entity.name}.${name}`))
    const held = fields.length === 0 ? [] : heldEntities(entity, live)
    return fields.flatMap((field) => {
      const column = mapping.entities[entity.name]?.columns[field.name] as string
      return held.flatMap((one) => widenedOver(field, column, one) ?? [])
    })
  })
  if (reasons.length > 0) refuseOver(next.name, [...new Set(reasons)], waiting)
}

/** The physical tables that stand and get stored computed fields, each with these fields. */
export function tablesToFill(
  next: CompiledSchema,
  previous: CompiledSchema | null,
  standing: Mapping | undefined,
): { readonly entity: string; readonly table: string; readonly fields: readonly string[] }[] {
  if (!previous) return []
  return [...matchSchemas(previous, next).entities.values()].flatMap(({ before, after, origins }) => {
    const physical = ownProperty(standing?.entities, before.name)
    const fields = storedComputed(after).flatMap(({ name }) => (origins.has(name) ? [] : [name]))
    return fields.length === 0 || !physical ? [] : [{ entity: after.name, table: physical.table, fields }]
  })
}

function tooManyRows(next: CompiledSchema, previous: CompiledSchema | null, context: PlanContext): Change[] {
  return tablesToFill(next, previous, context.previous ?? context.history.at(-1))
    .filter(({ table }) => context.crowded.has(table))
    .flatMap(({ entity, fields }) =>
      fields.map(
        (field): Change => ({
          pointer: `/entities/${entity}/fields/${field}`,
          type: 'ADD_STORED_COMPUTED',
          class: 'breaking',
          destructive: false,
          entity,
          field,
          message: `${field} would have to be worked out for more than ${FILL_ROWS_MAX} rows; without \`stored\` it needs no column`,
        }),
      ),
    )
}

/**
 * One ALTER TABLE for all new columns; their checks come NOT VALID, since the scan would hold the table locked. Stored computed
 * fields are worked out for the rows there are, by the trigger that keeps them from here on.
 */
function changeTable(
  match: EntityMatch,
  standing: Standing,
  mapping: Mapping,
  context: PlanContext & { readonly names: NameGiver; readonly checks: ReadonlySet<string> },
): string[] {
  const { before, after, origins } = match
  const physical = mapping.entities[after.name]
  const old = standing.mapping.entities[before.name]
  invariant(old && physical, `the entity ${after.name} is in both mappings`)
  const { roles, functions, names } = context
  const live = context.live ?? [standing]
  const added = Object.values(after.fields).filter((field) => hasColumn(field) && !origins.has(field.name))
  const columns = added.map((field) => `add column ${columnDefinition(field, physical.columns[field.name] as string)}`)
  const wider = Object.keys(after.fields).filter((field) => context.checks.has(`${after.name}.${field}`))
  const dropped = wider.flatMap((field) =>
    olderChecks(after, field, mapping, { match, old, live: context.waiting?.length ? live : [] }),
  )
  const checks = [...added.map(({ name }) => name), ...wider].flatMap(
    (name) => checkClause(after, name, physical) ?? [],
  )
  const actions = [...columns, ...dropped, ...checks.map((check) => `add ${check} not valid`)]
  if (actions.length === 0) return []
  const table = qualified(mapping.schema, physical.table)
  const computed = added.filter((field) => field.computed).map((field) => physical.columns[field.name] as string)
  const nameOf = (): string => functions.get(physical.table) ?? names(`${physical.table}_computed`)
  const kept = [...keptVersions(live, physical.table), { entity: after, physical }]
  return [
    `alter table ${table} ${actions.join(', ')}`,
    ...(computed.length === 0
      ? []
      : [...keepComputed(kept, mapping.schema, roles, nameOf), fillComputed(table, computed)]),
  ]
}

/** The check that admits less, and those of older versions that would refuse what is admitted now. */
function olderChecks(
  after: CompiledEntity,
  field: string,
  mapping: Mapping,
  older: { readonly match: EntityMatch; readonly old: EntityMapping; readonly live: readonly LiveVersion[] },
): string[] {
  const wanted = { kind: 'check' as const, fields: [older.match.origins.get(field) as string] }
  const compiled = after.fields[field]
  const column = mapping.entities[after.name]?.columns[field]
  const held = heldEntities(after, older.live).flatMap(({ match, physical }) => {
    const origin = match.origins.get(field)
    const before = match.before.fields[origin ?? '']
    if (!before || !compiled || physical.columns[before.name] !== column) return []
    const isTighter = ['same', 'wider'].includes(fieldChange(before, compiled, match).constraint)
    return isTighter ? [findConstraint(physical, { kind: 'check', fields: [before.name] })] : []
  })
  const names = new Set([findConstraint(older.old, wanted), ...held])
  return [...names].flatMap((name) => (name === undefined ? [] : [`drop constraint if exists ${identifier(name)}`]))
}

/** The entity of a table in each version that has it. */
export function keptVersions(live: readonly LiveVersion[], table: string): Kept[] {
  return live.flatMap(({ compiled, mapping }) =>
    Object.values(compiled.entities).flatMap((entity) => {
      const physical = ownProperty(mapping.entities, entity.name)
      return physical?.table === table ? [{ entity, physical }] : []
    }),
  )
}
