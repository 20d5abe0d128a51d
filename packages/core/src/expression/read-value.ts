/** Values from the API's JSON and from Postgres' text, and back to text. */
import type { ExpressionType, ScalarType } from '../contracts/expression.ts'
import type { Json } from '../contracts/json.ts'
import { arrayText } from '../contracts/literal-text.ts'
import { isUuid } from '../contracts/uuid.ts'
import { decimalText, parseDecimal } from '../language/decimal-number.ts'
import { dateText, parseDate, parseTime, parseTimestamp, timestampText, timeText } from './calendar.ts'
import { elementOf } from './compare-values.ts'
import { durationText, parseDuration } from './duration.ts'
import {
  asBytes,
  asDecimal,
  asDouble,
  asDuration,
  asInt,
  asList,
  asText,
  ExpressionError,
  type Value,
} from './value.ts'

const INTEGER = /^[+-]?\d{1,19}$/
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$|^(?:NaN|-?Infinity)$/
const BYTES = /^\\x(?:[0-9a-fA-F]{2})*$/

/** The reading of a text; null where it is no value of the type. */
const READ: Readonly<Record<ScalarType, (text: string) => Value>> = {
  bool: (text) => (text === 'true' ? true : text === 'false' ? false : null),
  int: (text) => (INTEGER.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text) ? BigInt(text) : null),
  decimal: parseDecimal,
  double: (text) => (NUMBER.test(text) ? Number(text) : null),
  string: (text) => text,
  uuid: (text) => (isUuid(text) ? text.toLowerCase() : null),
  date: parseDate,
  time: parseTime,
  timestamp: parseTimestamp,
  duration: parseDuration,
  bytes: (text) =>
    BYTES.test(text) ? Uint8Array.from(text.slice(2).match(/../g) ?? [], (hex) => Number.parseInt(hex, 16)) : null,
  json: (text) => JSON.parse(text) as Json, // what JSON.parse makes is JSON
  range: (text) => text,
  null: () => null,
}

const WRITE: Readonly<Record<ScalarType, (value: Value) => string>> = {
  bool: String,
  int: String,
  decimal: (value) => decimalText(asDecimal(value)),
  double: (value) => (Object.is(value, -0) ? '-0' : String(asDouble(value))),
  string: asText,
  uuid: asText,
  date: (value) => dateText(asInt(value)),
  time: (value) => timeText(asInt(value)),
  timestamp: (value) => timestampText(asInt(value)),
  duration: (value) => durationText(asDuration(value)),
  bytes: (value) => `\\x${Array.from(asBytes(value), (byte) => byte.toString(16).padStart(2, '0')).join('')}`,
  json: (value) => JSON.stringify(value),
  range: asText,
  null: () => '',
}

/** A value from Postgres' text form of the type; null where it is none. */
export function readText(type: ScalarType, text: string): Value {
  return READ[type](text)
}

/** Postgres' text form of a value that is not null; of a list, its array literal. */
export function writeText(type: ExpressionType, value: Value): string {
  const element = elementOf(type)
  if (element === null) return WRITE[type as ScalarType](value)
  return arrayText(asList(value).map((item) => (item === null ? null : WRITE[element](item))))
}

/**
 * A value from the API's JSON, where what JSON has no type for is text. Missing and null are null.
 *
 * @throws ExpressionError (`BAD_CONVERSION`) where it is no value of the type, such as a date before Christ or `infinity`.
 * @example fromJson('timestamp', '2026-01-31T17:30:00+00:00') // 1769880600000000n
 */
export function fromJson(type: ExpressionType, json: Json | undefined): Value {
  if (json === null || json === undefined) return null
  const element = elementOf(type)
  if (element !== null) {
    if (!Array.isArray(json)) throw new ExpressionError('BAD_CONVERSION')
    return json.map((item: Json) => fromJson(element, item))
  }
  if (type === 'json') return json
  const value = typeof json === 'object' ? null : readText(type as ScalarType, String(json))
  if (value === null) throw new ExpressionError('BAD_CONVERSION')
  return value
}
