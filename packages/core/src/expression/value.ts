/** What values are in JS while an expression is worked out, and the error that it may end in. */
import type { Json } from '../contracts/json.ts'
import { BackSaasError } from '../errors/backsaas-error.ts'
import type { Decimal } from '../language/decimal-number.ts'

/**
 * By type: `bool` → boolean; `int`, `date` (days since 1970), `time` (microseconds), `timestamp` (microseconds since 1970) →
 * bigint; `decimal` → Decimal; `double` → number; `string`, `uuid` (lower case), `range` → string; `duration` → Duration;
 * `bytes` → Uint8Array; `json` → what `JSON.parse` makes; a list → array. Null is null for all of them.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Decimal
  | Duration
  | Uint8Array
  | Json
  | readonly Value[]

/** As Postgres keeps an interval: none of the three turns into another by itself. */
export interface Duration {
  readonly months: bigint
  readonly days: bigint
  readonly microseconds: bigint
}

const MESSAGES = {
  DIVISION_BY_ZERO: 'division by zero',
  OUT_OF_RANGE: 'a number, date or timestamp is out of range',
  BAD_CONVERSION: 'a value cannot be converted',
} as const

/** What an expression throws where Postgres would end in an error of class 22. */
export class ExpressionError extends BackSaasError {
  override readonly name: string = 'ExpressionError'

  constructor(code: keyof typeof MESSAGES) {
    super(code, 422, MESSAGES[code])
  }
}

const INT_MIN = -(2n ** 63n)
const INT_MAX = 2n ** 63n - 1n

/** @throws ExpressionError where it is no 64-bit integer. */
export function int64(value: bigint): bigint {
  if (value < INT_MIN || value > INT_MAX) throw new ExpressionError('OUT_OF_RANGE')
  return value
}

// The checker has proven the type of every node: these say to the compiler what is known.
export const asInt = (value: Value): bigint => value as bigint
export const asDouble = (value: Value): number => value as number
export const asText = (value: Value): string => value as string
export const asDecimal = (value: Value): Decimal => value as Decimal
export const asDuration = (value: Value): Duration => value as Duration
export const asBytes = (value: Value): Uint8Array => value as Uint8Array
export const asList = (value: Value): readonly Value[] => value as readonly Value[]
export const asJson = (value: Value): Json => value as Json
