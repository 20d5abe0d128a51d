/** A row that is given as JSON, and not stored: what its columns are. */
import type { CompiledEntity, JsonObject } from '@backsaas/core'
import { physicalType } from '@backsaas/core'
import { toSql } from '@backsaas/core/expression'
import { type SQL, sql } from 'drizzle-orm'
import { literal } from '../planner/literal.ts'
import { value } from '../planner/render.ts'
import { environmentOf } from '../planner/rules.ts'
import type { PlanScope } from '../planner/scope.ts'

/** `json_to_record($n) as alias(columns)`: of the JSON at that place of the params. */
export function recordOf(entity: CompiledEntity, names: readonly string[], param: number, alias: SQL): SQL {
  const columns = names.map((name) => {
    const field = entity.fields[name]
    return sql`${sql.identifier(name)} ${sql.raw(field ? physicalType(field.type, field.list) : 'text')}`
  })
  // Of no columns Postgres knows no record.
  const all = columns.length === 0 ? [sql`${sql.identifier('_')} text`] : columns
  return sql`json_to_record(${value(param)}::json) as ${alias}(${sql.join(all, sql`, `)})`
}

/** The fields that have a value of their own, of those that an object names. */
export function storedFields({ fields }: CompiledEntity, values: JsonObject): readonly string[] {
  return Object.keys(values).filter((name) => Object.hasOwn(fields, name) && !fields[name]?.computed)
}

/**
 * The scope in which columns are those of the record: what is not given is null.
 *
 * @param fill what is not given takes its default, as far as that is not made for each row.
 */
export function madeScope(scope: PlanScope, given: readonly string[], record: SQL, fill: boolean): PlanScope {
  const { fields } = scope.entity.compiled
  const values = new Map<string, SQL>()
  for (const { name, computed, type, list } of Object.values(fields)) {
    if (computed) continue
    const none = sql`null::${sql.raw(physicalType(type, list))}`
    values.set(
      name,
      given.includes(name) ? sql`${record}.${sql.identifier(name)}` : fill ? (defaultOf(scope, name) ?? none) : none,
    )
  }
  return { ...scope, values }
}

function defaultOf(scope: PlanScope, name: string): SQL | null {
  const field = scope.entity.compiled.fields[name]
  if (!field?.default) return null
  if ('literal' in field.default) return literal(field, field.default.literal)
  switch (field.default.from) {
    case 'now':
      return sql`now()`
    case 'revision':
      return sql`1::bigint`
    case 'principal':
      return sql`${value('principal')}::${sql.raw(physicalType(field.type, field.list))}`
    case 'expression':
      return sql`(${toSql(field.default.expression.tree, environmentOf(scope, false))})`
    default:
      return null
  }
}
