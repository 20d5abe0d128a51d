/** Arithmetic and rounding in JS, by type, with the errors that Postgres has. */
import type { CallName, ScalarType } from '../contracts/expression.ts'
import {
  addDecimals,
  divideDecimals,
  floorDecimal,
  multiplyDecimals,
  negateDecimal,
  remainderOf,
  roundDecimal,
} from './decimal-arithmetic.ts'
import { addDurations, moveTimestamp, timestampDifference } from './duration.ts'
import { asDecimal, asDouble, asDuration, asInt, asText, ExpressionError, int64, type Value } from './value.ts'

/** Takes operands of which none is null. */
export type Apply = (args: readonly Value[]) => Value
type ByType = Readonly<Partial<Record<ScalarType, Apply>>>

const int = (apply: (a: bigint, b: bigint) => bigint): Apply => {
  return ([a = null, b = null]) => int64(apply(asInt(a), asInt(b)))
}
const decimal = (apply: (a: ReturnType<typeof asDecimal>, b: ReturnType<typeof asDecimal>) => Value): Apply => {
  return ([a = null, b = null]) => apply(asDecimal(a), asDecimal(b))
}
const double = (apply: (a: number, b: number) => number): Apply => {
  return ([a = null, b = null]) => apply(asDouble(a), asDouble(b))
}

/** By the type of the first operand. */
export const NUMBER_CALLS: Readonly<Partial<Record<CallName, ByType>>> = {
  '+': {
    int: int((a, b) => a + b),
    decimal: decimal(addDecimals),
    double: double((a, b) => noOverflow(a + b, a, b)),
    string: ([a = null, b = null]) => asText(a) + asText(b),
    timestamp: ([a = null, b = null]) => moveTimestamp(asInt(a), asDuration(b), 1n),
    duration: ([a = null, b = null]) => addDurations(asDuration(a), asDuration(b), 1n),
  },
  '-': {
    int: int((a, b) => a - b),
    decimal: decimal((a, b) => addDecimals(a, negateDecimal(b))),
    double: double((a, b) => noOverflow(a - b, a, b)),
    duration: ([a = null, b = null]) => addDurations(asDuration(a), asDuration(b), -1n),
    timestamp: ([a = null, b = null]) =>
      typeof b === 'bigint' ? timestampDifference(asInt(a), b) : moveTimestamp(asInt(a), asDuration(b), -1n),
  },
  '*': {
    int: int((a, b) => a * b),
    decimal: decimal(multiplyDecimals),
    double: double((a, b) => noUnderflow(noOverflow(a * b, a, b), a !== 0 && b !== 0)),
  },
  '/': {
    int: int((a, b) => a / notZero(b)),
    decimal: decimal(divideDecimals),
    double: double(divideDoubles),
  },
  '%': { int: int((a, b) => a % notZero(b)), decimal: decimal(remainderOf) },
  negate: {
    int: ([a = null]) => int64(-asInt(a)),
    decimal: ([a = null]) => negateDecimal(asDecimal(a)),
    double: ([a = null]) => -asDouble(a),
  },
  abs: {
    int: ([a = null]) => int64(asInt(a) < 0n ? -asInt(a) : asInt(a)),
    decimal: ([a = null]) => (asDecimal(a).digits < 0n ? negateDecimal(asDecimal(a)) : a),
    double: ([a = null]) => Math.abs(asDouble(a)),
  },
  floor: {
    decimal: ([a = null]) => floorDecimal(asDecimal(a)),
    double: ([a = null]) => Math.floor(asDouble(a)),
  },
  ceil: {
    decimal: ([a = null]) => negateDecimal(floorDecimal(negateDecimal(asDecimal(a)))),
    double: ([a = null]) => Math.ceil(asDouble(a)),
  },
  round: {
    decimal: ([a = null, places = 0n]) => roundDecimal(asDecimal(a), Number(places)),
    double: ([a = null]) => roundDouble(asDouble(a)),
  },
}

function notZero(value: bigint): bigint {
  if (value === 0n) throw new ExpressionError('DIVISION_BY_ZERO')
  return value
}

function divideDoubles(a: number, b: number): number {
  if (b === 0 && !Number.isNaN(a)) throw new ExpressionError('DIVISION_BY_ZERO')
  return noUnderflow(noOverflow(a / b, a), a !== 0 && Number.isFinite(b))
}

/** An infinity that none of the operands was is an error. */
function noOverflow(result: number, ...operands: readonly number[]): number {
  const overflows = (result === Infinity || result === -Infinity) && operands.every(isNotInfinite)
  if (overflows) throw new ExpressionError('OUT_OF_RANGE')
  return result
}

function isNotInfinite(value: number): boolean {
  return value !== Infinity && value !== -Infinity
}

function noUnderflow(result: number, isLost: boolean): number {
  if (result === 0 && isLost) throw new ExpressionError('OUT_OF_RANGE')
  return result
}

/** Half away from zero. */
function roundDouble(value: number): number {
  const whole = Math.trunc(value)
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole
}
