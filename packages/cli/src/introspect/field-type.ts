/** Postgres' types → the language's. */
import type { FieldType } from '@backsaas/core'
import type { PgColumn } from './catalogue.ts'

export interface TypeChoice {
  readonly type: FieldType
  /** What is lost, in a few words. */
  readonly remark?: string
  /** How the value is selected when rows are taken along; without it, as it is. */
  readonly select?: 'text' | 'utc'
}

const TYPES: Readonly<Record<string, TypeChoice>> = {
  int2: { type: 'integer' },
  int4: { type: 'integer' },
  int8: { type: 'bigint' },
  numeric: { type: 'decimal' },
  float4: { type: 'float' },
  float8: { type: 'float' },
  text: { type: 'text' },
  varchar: { type: 'string' },
  bpchar: { type: 'string' },
  name: { type: 'string' },
  citext: { type: 'string', remark: 'compares with case, other than citext' },
  bool: { type: 'boolean' },
  date: { type: 'date' },
  time: { type: 'time' },
  timetz: { type: 'time', remark: 'loses its time zone', select: 'text' },
  timestamp: { type: 'timestamp', remark: 'had no time zone and is taken as UTC', select: 'utc' },
  timestamptz: { type: 'timestamp' },
  interval: { type: 'interval' },
  uuid: { type: 'uuid' },
  json: { type: 'json' },
  jsonb: { type: 'json' },
  bytea: { type: 'bytes' },
  int4range: { type: 'integer_range' },
  int8range: { type: 'integer_range' },
  numrange: { type: 'decimal_range' },
  daterange: { type: 'date_range' },
  tsrange: { type: 'timestamp_range', remark: 'had no time zone and is taken as UTC', select: 'text' },
  tstzrange: { type: 'timestamp_range' },
}

/** The type of a column's values, its items' where it is a list. A type that the language lacks becomes a string. */
export function chooseType(column: PgColumn): TypeChoice {
  if (column.values) return { type: 'enum', select: 'text' }
  const known = Object.hasOwn(TYPES, column.type) ? TYPES[column.type] : undefined
  return known ?? { type: 'string', remark: `was ${column.formatted} and is kept as text`, select: 'text' }
}

/** `varchar(20)` → 20, `numeric(10,2)` → [10, 2]. */
export function modifiersOf(formatted: string): readonly number[] {
  const [, inner = ''] = /\(([\d,-]+)\)/.exec(formatted) ?? []
  return inner === '' ? [] : inner.split(',').map(Number)
}
