/** The indexes an entity needs beside its key and unique sets; every one is led by the tenant. */
import type { CompiledEntity, CompiledSchema, EntityMapping, Mapping } from '@backsaas/core'
import { TENANT_COLUMN } from '@backsaas/core'
import type { NameGiver } from './names.ts'
import { identifier, identifiers, qualified } from './quote.ts'

/** One index: the physical columns in order, without the tenant that leads them. */
export interface IndexPlan {
  readonly table: string
  readonly columns: readonly string[]
}

/**
 * Declared indexes, and one for each reference: deleting or re-keying a target looks for its references. What begins a
 * key, a unique set or another index already is left out.
 */
export function wantedIndexes(entity: CompiledEntity, mapping: EntityMapping): IndexPlan[] {
  const physical = (fields: readonly string[]): string[] => fields.map((field) => mapping.columns[field] as string)
  const backed = [entity.key, ...entity.unique].map(physical)
  const references = Object.values(entity.relations).filter((relation) => relation.kind === 'one')
  const wanted = [...entity.indexes, ...references.map((relation) => relation.from)].map(physical)
  const kept: string[][] = []
  for (const columns of wanted.toSorted((a, b) => b.length - a.length)) {
    if (![...backed, ...kept].some((other) => begins(columns, other))) kept.push(columns)
  }
  return kept.map((columns) => ({ table: mapping.table, columns }))
}

/** Those of all entities of a version. */
export function versionIndexes({ entities }: CompiledSchema, mapping: Mapping): IndexPlan[] {
  return Object.values(entities).flatMap((entity) => {
    const physical = mapping.entities[entity.name]
    return physical ? wantedIndexes(entity, physical) : []
  })
}

/** The statement that makes the index. */
export function createIndex(pgSchema: string, index: IndexPlan, names: NameGiver, concurrently: boolean): string {
  const name = names([index.table, ...index.columns, 'index'].join('_'))
  const how = concurrently ? 'create index concurrently' : 'create index'
  const columns = identifiers([TENANT_COLUMN, ...index.columns])
  return `${how} ${identifier(name)} on ${qualified(pgSchema, index.table)} (${columns})`
}

function begins(columns: readonly string[], other: readonly string[]): boolean {
  return columns.every((column, i) => other[i] === column)
}
