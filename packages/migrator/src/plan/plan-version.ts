/** A compiled schema to what has to happen in Postgres: the names of the new version, and its DDL. Pure. */
import type { CompiledEntity, CompiledSchema, Mapping } from '@backsaas/core'
import { invariant } from '@backsaas/core'
import { columnDefinition } from './column.ts'
import { createMapping } from './create-mapping.ts'
import { checkClause, createReferences, createTable } from './create-table.ts'
import { type Change, diffSchemas, refuseBreaking } from './diff.ts'
import { createNames, type Naming } from './names.ts'
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
}

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
 * @throws `NEEDS_MIGRATION` (409) where a change is not compatible.
 */
export function planVersion(next: CompiledSchema, previous: CompiledSchema | null, context: PlanContext): VersionPlan {
  const changes = previous ? diffSchemas(previous, next) : []
  refuseBreaking(next.name, changes)
  const names = createNames(context.taken)
  const mapping = createMapping(next, { ...context, names })
  const entities = Object.values(next.entities)
  const isNew = (entity: CompiledEntity): boolean => !previous || !Object.hasOwn(previous.entities, entity.name)
  const created = entities.filter(isNew)
  const statements = [
    ...created.flatMap((entity) => createTable(entity, mapping, context.roles, names)),
    ...created.flatMap((entity) => createReferences(entity, mapping)),
    ...entities.filter((entity) => !isNew(entity)).flatMap((entity) => addColumns(entity, previous, mapping)),
  ]
  return { mapping, changes, statements }
}

/** One ALTER TABLE for all new columns; their checks come NOT VALID, since the scan would hold the table locked. */
function addColumns(entity: CompiledEntity, previous: CompiledSchema | null, mapping: Mapping): string[] {
  const before = previous?.entities[entity.name]
  const physical = mapping.entities[entity.name]
  invariant(before && physical, `the entity ${entity.name} is in the version before and in the mapping`)
  const added = Object.values(entity.fields).filter((field) => !Object.hasOwn(before.fields, field.name))
  const columns = added.map((field) => `add column ${columnDefinition(field, physical.columns[field.name] as string)}`)
  const checks = added.flatMap((field) => checkClause(entity, field.name, physical) ?? [])
  const actions = [...columns, ...checks.map((check) => `add ${check} not valid`)]
  return actions.length === 0 ? [] : [`alter table ${qualified(mapping.schema, physical.table)} ${actions.join(', ')}`]
}
