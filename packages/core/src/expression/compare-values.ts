/** Equality and order of values of one type, the same as in Postgres. */
import type { ExpressionType, ScalarType } from '../contracts/expression.ts'
import type { Json } from '../contracts/json.ts'
import { compareDecimals, parseDecimal } from '../language/decimal-number.ts'
import { durationSize } from './duration.ts'
import { asBytes, asDecimal, asDouble, asDuration, asInt, asJson, asList, asText, type Value } from './value.ts'

type Compare = (a: Value, b: Value) => number

const COMPARE: Readonly<Record<ScalarType, Compare>> = {
  bool: (a, b) => Number(a) - Number(b),
  int: (a, b) => compareBigints(asInt(a), asInt(b)),
  date: (a, b) => compareBigints(asInt(a), asInt(b)),
  time: (a, b) => compareBigints(asInt(a), asInt(b)),
  timestamp: (a, b) => compareBigints(asInt(a), asInt(b)),
  decimal: (a, b) => compareDecimals(asDecimal(a), asDecimal(b)),
  double: (a, b) => compareDoubles(asDouble(a), asDouble(b)),
  string: (a, b) => compareTexts(asText(a), asText(b)),
  uuid: (a, b) => compareTexts(asText(a), asText(b)),
  range: (a, b) => compareTexts(asText(a), asText(b)),
  duration: (a, b) => compareBigints(durationSize(asDuration(a)), durationSize(asDuration(b))),
  bytes: (a, b) => compareBytes(asBytes(a), asBytes(b)),
  json: (a, b) => (sameJson(asJson(a), asJson(b)) ? 0 : 1),
  null: () => 0,
}

/**
 * How values of a type compare: negative, zero or positive. Neither may be null, but nulls inside lists equal each other.
 *
 * @example compareOf('string')('a', 'b') // -1
 */
export function compareOf(type: ExpressionType): Compare {
  const element = elementOf(type)
  if (element === null) return COMPARE[type as ScalarType]
  const compare = COMPARE[element]
  const same = (a: Value, b: Value): boolean => (a === null || b === null ? a === b : compare(a, b) === 0)
  return (a, b) => {
    const [left, right] = [asList(a), asList(b)]
    return left.length === right.length && left.every((item, index) => same(item, right[index] ?? null)) ? 0 : 1
  }
}

/** The type of a list's elements; null where it is no list. */
export function elementOf(type: ExpressionType): ScalarType | null {
  return type.startsWith('list(') ? (type.slice(5, -1) as ScalarType) : null // by the form of ExpressionType
}

function compareBigints(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** NaN equals itself and is more than all others. */
function compareDoubles(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a < b ? -1 : a > b ? 1 : 0
}

/** By code points, which is the order of UTF-8 bytes and not that of UTF-16. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)]
    if (left !== right) return codePointRank(left) - codePointRank(right)
  }
  return a.length - b.length
}

/** Surrogates stand for what is beyond U+FFFF. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, index) => byte !== b[index])
  return at < 0 || at >= b.length ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? 0)
}

function sameJson(a: Json, b: Json): boolean {
  if (typeof a === 'number' && typeof b === 'number') return sameNumber(a, b)
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((x, i) => sameJson(x, b[i]))
  }
  const [left, right] = [new Map(Object.entries(a)), new Map(Object.entries(b))]
  if (left.size !== right.size) return false
  return [...left].every(([key, value]) => right.has(key) && sameJson(value, right.get(key) ?? null))
}

function sameNumber(a: number, b: number): boolean {
  const [left, right] = [parseDecimal(a), parseDecimal(b)]
  return left !== null && right !== null && compareDecimals(left, right) === 0
}
