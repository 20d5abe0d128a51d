/** Exact decimal numbers as text: reading, comparing and the canonical form. */

export interface Decimal {
  /** The value is `digits` / 10^`scale`; `scale` is as small as can be. */
  readonly digits: bigint
  readonly scale: number
}

const FORM = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/
/** Postgres' numeric keeps more, but a text of this length must never become a number of millions of digits. */
const DIGITS_MAX = 1000

/** Reads a number, a bigint or a text such as `-12.50` or `1e3`; null where it is no finite decimal. */
export function parseDecimal(value: number | bigint | string): Decimal | null {
  const [, sign, whole, fraction = '', exponent = '0'] = FORM.exec(String(value)) ?? []
  if (whole === undefined || whole.length + fraction.length === 0) return null
  const shift = Number(exponent)
  if (whole.length + fraction.length + Math.abs(shift) > DIGITS_MAX) return null
  let digits = BigInt(whole + fraction)
  let scale = fraction.length - shift
  for (; scale > 0 && digits % 10n === 0n; scale--) digits /= 10n
  if (scale < 0) digits *= 10n ** BigInt(-scale)
  return { digits: sign === '-' ? -digits : digits, scale: Math.max(0, scale) }
}

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale)
  const difference = a.digits * 10n ** BigInt(scale - a.scale) - b.digits * 10n ** BigInt(scale - b.scale)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** Without exponent and needless zeros: `12.5`. */
export function decimalText({ digits, scale }: Decimal): string {
  const sign = digits < 0n ? '-' : ''
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0')
  return scale === 0 ? sign + text : `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`
}

/** Whether it fits `numeric(precision, scale)` without rounding. */
export function fitsPrecision(value: Decimal, precision: number, scale: number): boolean {
  const digits = value.digits < 0n ? -value.digits : value.digits
  return value.scale <= scale && digits * 10n ** BigInt(scale - value.scale) < 10n ** BigInt(precision)
}
