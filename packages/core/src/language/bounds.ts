/** What `min` and `max` mean for a type, and whether a value is one of its bounds. */
import type { FieldType } from '../contracts/field-type.ts'
import { type Decimal, decimalText, parseDecimal } from './decimal-number.ts'
import { show } from './describe-issue.ts'

/** A bound in its compiled form (decimals and bigints as text), or what is wrong with it. */
export type Bound =
  | { readonly bound: number | string; readonly fault?: never }
  | { readonly fault: string; readonly bound?: never }

const INT8 = { min: -(2n ** 63n), max: 2n ** 63n - 1n }

/** Undefined where the type has no bounds, or none is given. */
export function boundOf(
  type: FieldType,
  list: boolean,
  value: number | bigint | string | undefined,
): Bound | undefined {
  if (value === undefined) return undefined
  if (list) return lengthOf(value, 'number of items')
  if (type === 'string' || type === 'text') return lengthOf(value, 'length')
  if (type === 'integer' || type === 'bigint' || type === 'decimal' || type === 'float') {
    const number = numberOf(type, value)
    return number === undefined ? { fault: `${show(value)} is no ${type}` } : { bound: number }
  }
  return undefined
}

/** A value of a numeric type in its compiled form; undefined where it is none. Text is taken where it is exact. */
export function numberOf(
  type: 'integer' | 'bigint' | 'decimal' | 'float',
  value: unknown,
): number | string | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint' && typeof value !== 'string') return undefined
  if (type === 'integer') return Number.isSafeInteger(value) ? (value as number) : undefined
  if (type === 'float') return typeof value === 'number' && Number.isFinite(value) ? value : undefined
  const decimal = parseDecimal(value)
  if (!decimal) return undefined
  return type === 'decimal' ? decimalText(decimal) : int8Text(decimal)
}

function int8Text({ digits, scale }: Decimal): string | undefined {
  return scale === 0 && digits >= INT8.min && digits <= INT8.max ? String(digits) : undefined
}

function lengthOf(value: number | bigint | string, what: string): Bound {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2 ** 31 - 1)
    return { bound: value }
  return { fault: `${show(value)} is no ${what}` }
}
