/** The field types of the schema language and the physical Postgres type each one lives in. */

/**
 * Physical types are broad on purpose: a narrower meaning is a CHECK, so that it can change without a rewrite.
 * `tsvector` and `vector` belong to the language and are refused until they are built.
 */
export const PHYSICAL_TYPES = {
  string: 'text',
  text: 'text',
  enum: 'text',
  integer: 'bigint',
  bigint: 'bigint',
  decimal: 'numeric',
  float: 'double precision',
  boolean: 'boolean',
  date: 'date',
  time: 'time',
  timestamp: 'timestamptz',
  interval: 'interval',
  uuid: 'uuid',
  json: 'jsonb',
  bytes: 'bytea',
  integer_range: 'int8range',
  decimal_range: 'numrange',
  date_range: 'daterange',
  timestamp_range: 'tstzrange',
} as const

export type FieldType = keyof typeof PHYSICAL_TYPES

/** The Postgres type of a column, `[]` appended for a list. */
export function physicalType(type: FieldType, list: boolean): string {
  return list ? `${PHYSICAL_TYPES[type]}[]` : PHYSICAL_TYPES[type]
}
