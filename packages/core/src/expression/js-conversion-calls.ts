/** Conversions between types, and the parts of timestamps, in JS. */
import type { CallName, ExpressionType } from '../contracts/expression.ts'
import { decimalText, parseDecimal } from '../language/decimal-number.ts'
import { civilOf, DAY_US, daysOf, parseDate, parseTimestamp, splitTimestamp, timestampOf } from './calendar.ts'
import { decimalOf, truncateDecimal } from './decimal-arithmetic.ts'
import type { Apply } from './js-number-calls.ts'
import { readText, writeText } from './read-value.ts'
import { asDecimal, asDouble, asInt, asText, ExpressionError, int64, type Value } from './value.ts'

/** The texts that are read where an expression converts one; SQL tests the same before it casts. */
export const TEXT_FORMS = {
  int: '-?[0-9]{1,30}',
  decimal: '-?[0-9]{1,200}(\\.[0-9]{1,200})?',
  double: '-?[0-9]{1,200}(\\.[0-9]{1,200})?([eE][+-]?[0-9]{1,3})?',
  bool: 'true|false',
  date: '[0-9]{4}-[0-9]{2}-[0-9]{2}',
  timestamp:
    '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])',
} as const

type Converted = keyof typeof TEXT_FORMS | 'string' | 'uuid' | 'json'

const FORMS: ReadonlyMap<string, RegExp> = new Map(
  Object.entries(TEXT_FORMS).map(([type, form]) => [type, new RegExp(`^(?:${form})$`)]),
)

/** What a conversion does with a value of a type; `fail` where Postgres' cast would. */
export function convertValue(to: Converted, from: ExpressionType, value: Value): Value {
  if (to === 'json') return toJson(from, value)
  if (from === 'json') return fromJsonValue(to, value)
  if (to === 'uuid') return readText('uuid', asText(value))
  if (to === 'string') return writeText(from, value)
  if (from === 'string') return fromString(to, asText(value))
  switch (to) {
    case 'int':
      return int64(from === 'decimal' ? truncateDecimal(asDecimal(value)) : truncateDouble(asDouble(value)))
    case 'decimal':
      return from === 'int' ? decimalOf(asInt(value)) : decimalOfDouble(asDouble(value))
    case 'double':
      return from === 'int' ? Number(asInt(value)) : doubleOf(decimalText(asDecimal(value)))
    case 'date':
      return splitTimestamp(asInt(value)).days
    case 'timestamp':
      return timestampOf(asInt(value) * DAY_US)
    case 'bool':
      return value
  }
}

function fromString(to: keyof typeof TEXT_FORMS, text: string): Value {
  if (!FORMS.get(to)?.test(text)) throw new ExpressionError('BAD_CONVERSION')
  if (to === 'int') return int64(BigInt(text))
  if (to === 'double') return doubleOf(text)
  const value = to === 'date' ? parseDate(text) : to === 'timestamp' ? parseTimestamp(text) : readText(to, text)
  if (value === null) throw new ExpressionError('BAD_CONVERSION')
  return value
}

/** JSON of another type than is asked for gives null. */
function fromJsonValue(to: Converted, value: Value): Value {
  if (to === 'string') return typeof value === 'string' ? value : null
  if (to === 'bool') return typeof value === 'boolean' ? value : null
  const decimal = typeof value === 'number' ? parseDecimal(value) : null
  if (decimal === null) return null
  if (to === 'int') return int64(truncateDecimal(decimal))
  return to === 'double' ? asDouble(value) : decimal
}

function toJson(from: ExpressionType, value: Value): Value {
  if (from === 'int') return Number(asInt(value))
  return from === 'decimal' ? Number(decimalText(asDecimal(value))) : value
}

function truncateDouble(value: number): bigint {
  if (!Number.isFinite(value)) throw new ExpressionError('OUT_OF_RANGE')
  return BigInt(Math.trunc(value))
}

/** Postgres takes 15 digits of it. */
function decimalOfDouble(value: number): Value {
  const decimal = parseDecimal(value.toPrecision(15))
  if (decimal === null) throw new ExpressionError('OUT_OF_RANGE')
  return decimal
}

/** What would become infinite or vanish is out of range. */
function doubleOf(text: string): number {
  const value = Number(text)
  const vanishes = value === 0 && /[1-9]/.test(text.replace(/[eE].*/, ''))
  if (!Number.isFinite(value) || vanishes) throw new ExpressionError('OUT_OF_RANGE')
  return value
}

type Part = (days: bigint, time: bigint) => number

const dayOfYear = (days: bigint): number =>
  Number(days) - daysOf({ year: civilOf(Number(days)).year, month: 1, day: 1 })

const PARTS: Readonly<Partial<Record<CallName, Part>>> = {
  getFullYear: (days) => {
    const { year } = civilOf(Number(days))
    return year > 0 ? year : year - 1
  },
  getMonth: (days) => civilOf(Number(days)).month - 1,
  getDate: (days) => civilOf(Number(days)).day,
  getDayOfMonth: (days) => civilOf(Number(days)).day - 1,
  getDayOfWeek: (days) => (((Number(days) + 4) % 7) + 7) % 7,
  getDayOfYear: dayOfYear,
  getHours: (_, time) => Number(time / 3_600_000_000n),
  getMinutes: (_, time) => Number((time / 60_000_000n) % 60n),
  getSeconds: (_, time) => Number((time / 1_000_000n) % 60n),
  getMilliseconds: (_, time) => Number((time / 1000n) % 1000n),
}

/** The call for a part of a timestamp (UTC) or of a date; undefined for any other call. */
export function partCall(call: CallName, type: ExpressionType): Apply | undefined {
  const part = PARTS[call]
  if (!part) return undefined
  return ([value = null]) => {
    const { days, time } = type === 'date' ? { days: asInt(value), time: 0n } : splitTimestamp(asInt(value))
    return BigInt(part(days, time))
  }
}

/** The conversion that a call stands for; undefined for any other call. */
export function conversionCall(call: CallName, from: ExpressionType): Apply | undefined {
  if (!isConversion(call)) return undefined
  return ([value = null]) => convertValue(call, from, value)
}

function isConversion(call: CallName): call is Converted {
  return call in TEXT_FORMS || call === 'string' || call === 'uuid' || call === 'json'
}
