/** Exact arithmetic of decimals, as Postgres' `numeric` has it; a quotient is rounded to 16 decimals. */
import type { Decimal } from '../language/decimal-number.ts'
import { ExpressionError } from './value.ts'

/** Decimals of a quotient. Postgres would choose them by how its operands are written, which JSON does not tell. */
export const QUOTIENT_SCALE = 16

export function decimalOf(value: bigint): Decimal {
  return { digits: value, scale: 0 }
}

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale)
  return normalize(digitsAt(a, scale) + digitsAt(b, scale), scale)
}

export function negateDecimal({ digits, scale }: Decimal): Decimal {
  return { digits: -digits, scale }
}

export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  return normalize(a.digits * b.digits, a.scale + b.scale)
}

/** Rounded half away from zero. */
export function divideDecimals(a: Decimal, b: Decimal): Decimal {
  if (b.digits === 0n) throw new ExpressionError('DIVISION_BY_ZERO')
  const digits = (a.digits * 10n ** BigInt(QUOTIENT_SCALE + 1 + b.scale)) / (b.digits * 10n ** BigInt(a.scale))
  return roundDecimal({ digits, scale: QUOTIENT_SCALE + 1 }, QUOTIENT_SCALE)
}

/** The remainder has the sign of `a`. */
export function remainderOf(a: Decimal, b: Decimal): Decimal {
  if (b.digits === 0n) throw new ExpressionError('DIVISION_BY_ZERO')
  const scale = Math.max(a.scale, b.scale)
  return normalize(digitsAt(a, scale) % digitsAt(b, scale), scale)
}

/** Half away from zero. */
export function roundDecimal({ digits, scale }: Decimal, places: number): Decimal {
  if (scale <= places) return normalize(digits, scale)
  const unit = 10n ** BigInt(scale - places)
  const half = digits < 0n ? -unit / 2n : unit / 2n
  return normalize((digits + half) / unit, places)
}

export function truncateDecimal({ digits, scale }: Decimal): bigint {
  return digits / 10n ** BigInt(scale)
}

export function floorDecimal(value: Decimal): Decimal {
  const whole = truncateDecimal(value)
  return decimalOf(value.digits < 0n && whole * 10n ** BigInt(value.scale) !== value.digits ? whole - 1n : whole)
}

function digitsAt({ digits, scale }: Decimal, wanted: number): bigint {
  return digits * 10n ** BigInt(wanted - scale)
}

function normalize(digits: bigint, scale: number): Decimal {
  let [short, places] = [digits, scale]
  for (; places > 0 && short % 10n === 0n; places--) short /= 10n
  return { digits: short, scale: places }
}
