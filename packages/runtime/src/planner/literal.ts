/** A default from the schema → SQL. The schema is compiled and checked; still nothing is concatenated unquoted. */
import { type CompiledField, type Json, physicalType } from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'
import { arrayLiteral } from '../dialect/params.ts'

export function literal(field: CompiledField, json: Json): SQL {
  if (json === null) return sql`null`
  const text =
    field.type === 'json' ? JSON.stringify(json) : Array.isArray(json) ? arrayLiteral(json.map(String)) : String(json)
  return sql`${sql.raw(`'${text.replaceAll("'", "''")}'`)}::${sql.raw(physicalType(field.type, field.list))}`
}
