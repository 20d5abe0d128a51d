/** The type that a field has in expressions. */
import type { ExpressionType, ScalarType } from '../contracts/expression.ts'
import type { FieldType } from '../contracts/field-type.ts'

const FIELD_TYPES: Readonly<Record<FieldType, ScalarType>> = {
  string: 'string',
  text: 'string',
  enum: 'string',
  integer: 'int',
  bigint: 'int',
  decimal: 'decimal',
  float: 'double',
  boolean: 'bool',
  date: 'date',
  time: 'time',
  timestamp: 'timestamp',
  interval: 'duration',
  uuid: 'uuid',
  json: 'json',
  bytes: 'bytes',
  integer_range: 'range',
  decimal_range: 'range',
  date_range: 'range',
  timestamp_range: 'range',
}

/** @example expressionType({ type: 'enum', list: true }) // 'list(string)' */
export function expressionType({ type, list }: { readonly type: FieldType; readonly list: boolean }): ExpressionType {
  return list ? `list(${FIELD_TYPES[type]})` : FIELD_TYPES[type]
}
