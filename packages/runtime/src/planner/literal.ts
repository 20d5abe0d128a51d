/** A default from the schema → SQL. The schema is compiled and checked; still nothing is concatenated unquoted. */
import { type CompiledField, type Json, literalText, physicalType } from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'

export function literal(field: CompiledField, json: Json): SQL {
  const text = literalText(field, json)
  if (text === null) return sql`null`
  return sql`${sql.raw(`'${text.replaceAll("'", "''")}'`)}::${sql.raw(physicalType(field.type, field.list))}`
}
