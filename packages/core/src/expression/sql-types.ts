/** The SQL side of types, and constants as SQL text. */
import { type SQL, sql } from 'drizzle-orm'
import type { ExpressionType, ScalarType } from '../contracts/expression.ts'
import { invariant } from '../errors/invariant.ts'
import { elementOf } from './compare-values.ts'

/** As columns have them; a range has no constants, and nothing is cast to one. */
const SQL_TYPES: Readonly<Record<ScalarType, string>> = {
  bool: 'boolean',
  int: 'bigint',
  decimal: 'numeric',
  double: 'double precision',
  string: 'text',
  uuid: 'uuid',
  date: 'date',
  time: 'time',
  timestamp: 'timestamptz',
  duration: 'interval',
  bytes: 'bytea',
  json: 'jsonb',
  range: 'text',
  null: 'text',
}

/** The Postgres type of an expression: `text`, `uuid[]`. */
export function sqlType(type: ExpressionType): SQL {
  const element = elementOf(type)
  return sql.raw(element === null ? SQL_TYPES[type as ScalarType] : `${SQL_TYPES[element]}[]`)
}

/**
 * A constant as SQL text with its type: for DDL, which takes no parameters, and for statements whose text is kept.
 *
 * @param text in Postgres' input format of the type; null for SQL null.
 * @example quotedLiteral("it's", 'string') // sql`'it''s'::text`
 */
export function quotedLiteral(text: string | null, type: ExpressionType): SQL {
  return text === null ? sql`null::${sqlType(type)}` : sql`${sql.raw(quote(text))}::${sqlType(type)}`
}

/** A backslash is written as an escape, so that `standard_conforming_strings` does not matter. */
export function quote(text: string): string {
  invariant(!text.includes('\0'), 'a constant holds the character NUL')
  const quoted = text.replaceAll("'", "''")
  return quoted.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`
}
