/** A compiled schema with its physical names, ready to plan on: shared by every tenant of the same placement and version. */
import {
  type CompiledEntity,
  type CompiledSchema,
  type EntityMapping,
  invariant,
  type Mapping,
  PLATFORM_PLACEMENT_ID,
  TENANT_COLUMN,
} from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'
import type { AccessView } from '../access/view.ts'
import { createTally, type Tally } from '../observation/tally.ts'
import type { KnownShape, KnownShapes } from '../stages/known-shape.ts'
import { boundedMap } from './bounded-map.ts'
import { createStatementCache, type StatementCache } from './statement-cache.ts'

export interface BoundSchema {
  readonly compiled: CompiledSchema
  /** What requests may name: all of it, but of the platform's own schema not its secrets. */
  readonly served: CompiledSchema
  readonly mapping: Mapping
  readonly placementId: string
  /** The name of the database that its tables are in; null where that is the registry's. */
  readonly database: string | null
  readonly version: number
  readonly entities: Readonly<Record<string, BoundEntity>>
  /** Where events of writes go: the platform's `events`; null where there are none. */
  readonly outbox: BoundEntity | null
  /** Where the work of hooks after a write is queued; null where there is none (the platform itself). */
  readonly executions: BoundEntity | null
  /** The tenant's counters; null as above. */
  readonly counters: BoundEntity | null
  /** What the caller's rules come to; null where it is open. Each view of a schema is bound by itself. */
  readonly access: AccessView | null
  /** Rendered statements by the shape of the operation. */
  readonly statements: StatementCache
  /** Requests that were parsed once. */
  readonly shapes: KnownShapes
  /** How it serves, its views included. */
  readonly uses: Tally
}

export interface BoundEntity {
  readonly compiled: CompiledEntity
  readonly mapping: EntityMapping
  /** `"store"."table"`, quoted. */
  readonly table: SQL
  /** Quoted physical column by field name; none of what is computed and not stored. */
  readonly columns: Readonly<Record<string, SQL>>
}

const MAX_STATEMENTS = 500
const MAX_SHAPES = 1000

/**
 * @param outbox the platform's bound schema, for record events; null for the platform itself, which has its own.
 * @param database the name of another one than the registry's.
 * @example bindSchema(compiled, mapping, placementId, 3, platform)
 */
export function bindSchema(
  compiled: CompiledSchema,
  mapping: Mapping,
  placementId: string,
  version: number,
  outbox: BoundSchema | null,
  database: string | null = null,
): BoundSchema {
  const entities: Record<string, BoundEntity> = Object.create(null)
  for (const entity of Object.values(compiled.entities)) {
    const names = mapping.entities[entity.name]
    invariant(names, `the mapping has no entity ${entity.name}`)
    entities[entity.name] = bindEntity(entity, names, mapping.schema)
  }
  return {
    compiled,
    served: placementId === PLATFORM_PLACEMENT_ID ? withoutSecrets(compiled) : compiled,
    mapping,
    placementId,
    database,
    version,
    entities: Object.freeze(entities),
    outbox: (placementId === PLATFORM_PLACEMENT_ID ? entities : outbox?.entities)?.events ?? null,
    executions: outbox?.entities.function_executions ?? null,
    counters: outbox?.entities.function_counters ?? null,
    access: null,
    statements: createStatementCache(MAX_STATEMENTS),
    shapes: boundedMap(MAX_SHAPES),
    uses: createTally(),
  }
}

/** The same schema for who holds certain roles, with statements of its own. */
export function bindView(schema: BoundSchema, access: AccessView): BoundSchema {
  const caches = { statements: createStatementCache(MAX_STATEMENTS), shapes: boundedMap<KnownShape>(MAX_SHAPES) }
  return { ...schema, ...caches, access, served: access.served }
}

/** Fields of the platform that the runtime reads for itself, and no request ever does. */
const SECRETS: Readonly<Record<string, readonly string[]>> = {
  api_keys: ['hash', 'previous_hash'],
  invitations: ['hash'],
  stores: ['namespace'],
  function_executions: ['row', 'old'],
  function_secrets: ['sealed'],
}

function withoutSecrets(schema: CompiledSchema): CompiledSchema {
  const entities = Object.entries(schema.entities).map(([name, entity]) => {
    const fields = Object.entries(entity.fields).filter(([field]) => !SECRETS[name]?.includes(field))
    return [name, { ...entity, fields: Object.fromEntries(fields) }] as const
  })
  return { ...schema, entities: Object.fromEntries(entities) }
}

function bindEntity(compiled: CompiledEntity, mapping: EntityMapping, schema: string): BoundEntity {
  const columns: Record<string, SQL> = Object.create(null)
  for (const { name: field, computed } of Object.values(compiled.fields)) {
    if (computed && !computed.stored) continue
    const column = mapping.columns[field]
    invariant(column, `the mapping has no column for ${compiled.name}.${field}`)
    columns[field] = sql`${sql.identifier(column)}`
  }
  return {
    compiled,
    mapping,
    table: sql`${sql.identifier(schema)}.${sql.identifier(mapping.table)}`,
    columns: Object.freeze(columns),
  }
}

/** The tenant column, quoted: the one name that no mapping changes. */
export const TENANT: SQL = sql`${sql.identifier(TENANT_COLUMN)}`
