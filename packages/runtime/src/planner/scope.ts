/** What the planner knows at one place of a query. */
import { type Embed, invariant, type Param, physicalType, type Query } from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'
import { type BoundEntity, type BoundSchema, TENANT } from '../binding/bound-schema.ts'
import { equalities } from './equalities.ts'

export interface PlanScope {
  readonly schema: BoundSchema
  readonly entity: BoundEntity
  /** The alias that the entity's rows have here. */
  readonly alias: SQL
  /** The expression that is the tenant here: `x.tenant` in a read. */
  readonly tenant: SQL
  /** Makes the aliases of inner scopes, unique in the statement. */
  readonly nextAlias: () => SQL
  /** The fields that a write was given; what an expression calls `input`. */
  readonly given?: readonly string[]
  /** Fields that have the same value in every row here, by a condition that each of them meets: the place of that value. */
  readonly pinned?: ReadonlyMap<string, Param>
  /** What columns are to become, where it is not what they are. */
  readonly values?: ReadonlyMap<string, SQL>
}

export function rootScope(schema: BoundSchema, entityName: string, tenant: SQL): PlanScope {
  let count = 0
  return {
    schema,
    entity: entityOf(schema, entityName),
    alias: sql.raw('t'),
    tenant,
    nextAlias: () => sql.raw(`e${++count}`),
  }
}

/**
 * The scope of the row that an expression finds along a relation. Its alias is made of the outer one, so that an expression is the same
 * text wherever it stands: what is grouped by can be sorted by.
 */
export function relatedScope(scope: PlanScope, entityName: string): PlanScope {
  const { values: _values, given: _given, pinned: _pinned, ...outer } = scope
  return { ...outer, entity: entityOf(scope.schema, entityName), alias: sql`${scope.alias}${sql.raw('_r')}` }
}

export function innerScope(scope: PlanScope, entityName: string): PlanScope {
  const { pinned: _pinned, ...outer } = scope
  return { ...outer, entity: entityOf(scope.schema, entityName), alias: scope.nextAlias() }
}

function entityOf(schema: BoundSchema, name: string): BoundEntity {
  const entity = schema.entities[name]
  invariant(entity, `the schema has no entity ${name}`)
  return entity
}

/** The one choke point: rows of this scope's entity that belong to the tenant. Every FROM of the planner carries it. */
export function ofTenant(scope: PlanScope): SQL {
  return sql`${scope.alias}.${TENANT} = ${scope.tenant}`
}

/** What is embedded by such a field is asked for once, and not for each row. */
export function pinnedBy(scope: PlanScope, query: Query): PlanScope {
  const pinned = equalities(query)
  return pinned.size === 0 ? scope : { ...scope, pinned }
}

/** Whether a query's answer is one row per group rather than per row of the table. */
export function isAggregated(query: Query): boolean {
  return query.select.some(
    (item) =>
      item.kind === 'count' ||
      (item.kind === 'column' && item.aggregate !== undefined) ||
      (item.kind === 'embed' && item.spread && isAggregated(item.query)),
  )
}

/** The embeds of a select: what its conditions may name, whatever else is selected. */
export function embedsOf({ select }: Query): readonly Embed[] {
  return select.filter((item) => item.kind === 'embed')
}

/** The physical type of a field of this scope. */
export function columnType(scope: PlanScope, name: string): string {
  const field = scope.entity.compiled.fields[name]
  invariant(field, `no field ${name}`)
  return physicalType(field.type, field.list)
}
