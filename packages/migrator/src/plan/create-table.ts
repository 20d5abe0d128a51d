/** A new table: columns, keys, checks, row security and indexes; its references follow when all tables stand. */
import type { CompiledEntity, CompiledRelation, ConstraintMapping, EntityMapping, Mapping } from '@backsaas/core'
import { invariant, TENANT_COLUMN } from '@backsaas/core'
import { checkPredicate } from './checks.ts'
import { columnDefinition, hasColumn } from './column.ts'
import { keepComputed } from './computed.ts'
import { findConstraint } from './create-mapping.ts'
import { createIndex, wantedIndexes } from './indexes.ts'
import type { NameGiver } from './names.ts'
import { identifier, identifiers, qualified } from './quote.ts'
import { type Roles, rowSecurity } from './row-security.ts'
import { createStatistics, wantedStatistics } from './statistics.ts'

/**
 * The statements that make the table of `entity`, without its references. Created by the migrator, then handed to the
 * owner role, which must stand before FORCE row security has an owner to bind.
 */
export function createTable(entity: CompiledEntity, mapping: Mapping, roles: Roles, names: NameGiver): string[] {
  const physical = entityMapping(mapping, entity)
  const table = qualified(mapping.schema, physical.table)
  const fields = Object.values(entity.fields).filter(hasColumn)
  const parts = [
    `${identifier(TENANT_COLUMN)} uuid not null`,
    ...fields.map((field) => columnDefinition(field, physical.columns[field.name] as string)),
    keyClause('primary key', { kind: 'key', fields: entity.key }, physical),
    ...entity.unique.map((fields) => keyClause('unique', { kind: 'unique', fields }, physical)),
    ...fields.flatMap((field) => checkClause(entity, field.name, physical) ?? []),
  ]
  return [
    `create table ${table} (\n  ${parts.join(',\n  ')}\n)`,
    `alter table ${table} owner to ${identifier(roles.owner)}`,
    ...rowSecurity(table, roles),
    ...numberGrants(entity, mapping, roles),
    ...wantedIndexes(entity, physical).map((index) => createIndex(mapping.schema, index, names, false)),
    ...wantedStatistics(entity, physical).flatMap((one) => createStatistics(mapping.schema, one, roles, names)),
    ...keepComputed([{ entity, physical }], mapping.schema, roles, () => names(`${physical.table}_computed`)),
  ]
}

/** A row that is given no number among rows that are takes the next one by name, which is a right of its own. */
function numberGrants(entity: CompiledEntity, mapping: Mapping, roles: Roles): string[] {
  const numbered = Object.values(entity.fields).some(
    ({ default: from }) => from !== undefined && 'from' in from && from.from === 'identity',
  )
  return numbered
    ? [`grant usage on all sequences in schema ${identifier(mapping.schema)} to ${identifier(roles.runtime)}`]
    : []
}

/** The foreign keys of `entity`. They lead with the tenant, so a reference across tenants cannot exist. */
export function createReferences(entity: CompiledEntity, mapping: Mapping): string[] {
  return Object.values(entity.relations)
    .filter((relation) => relation.kind === 'one')
    .map((relation) => createReference(entity, relation, mapping))
}

/** One foreign key of `entity`. */
export function createReference(entity: CompiledEntity, relation: CompiledRelation, mapping: Mapping): string {
  const physical = entityMapping(mapping, entity)
  const wanted = { kind: 'reference' as const, fields: relation.from, entity: relation.entity }
  const table = qualified(mapping.schema, physical.table)
  return `alter table ${table} add ${constraint(physical, wanted)} ${referenceClause(relation, physical, mapping)}`
}

/** `constraint "x" check (…)` of one field, or null where it needs none. */
export function checkClause(entity: CompiledEntity, fieldName: string, physical: EntityMapping): string | null {
  const field = entity.fields[fieldName]
  invariant(field, `the entity has the field ${fieldName}`)
  const predicate = checkPredicate(field, physical.columns[fieldName] as string)
  return predicate && `${constraint(physical, { kind: 'check', fields: [fieldName] })} check (${predicate})`
}

function keyClause(words: string, wanted: ConstraintMapping, physical: EntityMapping): string {
  const columns = [TENANT_COLUMN, ...wanted.fields.map((field) => physical.columns[field] as string)]
  return `${constraint(physical, wanted)} ${words} (${identifiers(columns)})`
}

/**
 * `set null` names the columns, or it would null the tenant too. What the language calls restrict is `no action`: it
 * refuses at the end of the statement with 23503 on every Postgres (RESTRICT answers another code from 18 on).
 */
function referenceClause(relation: CompiledRelation, physical: EntityMapping, mapping: Mapping): string {
  const target = mapping.entities[relation.entity]
  invariant(target, `the mapping has the entity ${relation.entity}`)
  const from = relation.from.map((field) => physical.columns[field] as string)
  const to = relation.to.map((field) => target.columns[field] as string)
  const action = {
    restrict: 'no action',
    cascade: 'cascade',
    set_null: `set null (${identifiers(from)})`,
  }[relation.onDelete]
  return [
    `foreign key (${identifiers([TENANT_COLUMN, ...from])})`,
    `references ${qualified(mapping.schema, target.table)} (${identifiers([TENANT_COLUMN, ...to])})`,
    `on delete ${action}`,
  ].join(' ')
}

function constraint(physical: EntityMapping, wanted: ConstraintMapping): string {
  const name = findConstraint(physical, wanted)
  invariant(name, `the mapping has the ${wanted.kind} of ${wanted.fields.join(', ')}`)
  return `constraint ${identifier(name)}`
}

function entityMapping(mapping: Mapping, entity: CompiledEntity): EntityMapping {
  const physical = mapping.entities[entity.name]
  invariant(physical, `the mapping has the entity ${entity.name}`)
  return physical
}
