/** A value that suits a field, for what a test leaves open. */
import { type CompiledField, type Json, patternMatcher, uuidv7 } from '@backsaas/core'

/**
 * @param n makes values differ from each other.
 * @returns undefined where none is found: a pattern may ask for anything.
 * @example fittingValue(fields.email, 7) // 'n7@example.com'
 */
export function fittingValue(field: CompiledField, n: number): Json | undefined {
  if (!field.list) return scalar(field, n)
  const { min: _min, max: _max, ...item } = field
  const items = Array.from({ length: Number(field.min ?? 0) }, (_, i) => scalar({ ...item, list: false }, n + i))
  return items.some((value) => value === undefined) ? undefined : (items as Json)
}

function scalar(field: CompiledField, n: number): Json | undefined {
  switch (field.type) {
    case 'string':
    case 'text':
      return text(field, n)
    case 'enum':
      return field.values?.[n % field.values.length]
    case 'integer':
    case 'bigint':
    case 'decimal':
    case 'float':
      return number(field, n)
    case 'uuid':
      return uuidv7()
    default:
      return PLAIN[field.type]
  }
}

const PLAIN: Readonly<Partial<Record<CompiledField['type'], Json>>> = {
  boolean: false,
  date: '2020-01-01',
  time: '12:00:00',
  timestamp: '2020-01-01T00:00:00Z',
  interval: '1 day',
  json: {},
  bytes: '\\x00',
  integer_range: 'empty',
  decimal_range: 'empty',
  date_range: 'empty',
  timestamp_range: 'empty',
}

/** The smallest that is allowed, and from there upwards as long as it fits. */
function number({ min, max, precision, scale = 0 }: CompiledField, n: number): number {
  const places = precision === undefined ? Infinity : 10 ** (precision - scale) - 1
  const top = Math.min(max === undefined ? Infinity : Number(max), places)
  const bottom = min === undefined ? Math.min(0, top) : Number(min)
  return bottom + n <= top ? bottom + n : bottom
}

const FORMATS: Readonly<Record<string, (n: number) => string>> = {
  email: (n) => `n${n}@example.com`,
  uri: (n) => `https://example.com/${n}`,
  hostname: (n) => `n${n}.example.com`,
  uuid: () => uuidv7(),
  slug: (n) => `n-${n}`,
  phone: (n) => `+1555${String(n).padStart(7, '0')}`,
  ipv4: (n) => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`,
  ipv6: (n) => `2001:db8::${n.toString(16)}`,
  color: (n) => `#${(n % 0x1000000).toString(16).padStart(6, '0')}`,
}

function text({ format, pattern, min, max }: CompiledField, n: number): string | undefined {
  const least = Number(min ?? 0)
  const most = Number(max ?? 10_000)
  const fits = (candidate: string): boolean => candidate.length >= least && candidate.length <= most
  const made = format === undefined ? undefined : FORMATS[format]?.(n)
  if (pattern === undefined && made !== undefined) return fits(made) ? made : undefined
  const plain = `x${n}`
  if (pattern === undefined) return plain.padEnd(least, 'x').slice(0, most)
  const matches = patternMatcher(pattern)
  return [...(made === undefined ? [] : [made]), ...candidates(n)].find((one) => fits(one) && matches(one))
}

/** What patterns mostly are for: codes of letters and digits, of some length, perhaps in parts. */
function* candidates(n: number): Generator<string> {
  const digits = String(n)
  const letters = [...digits].map((digit) => String.fromCharCode(65 + Number(digit))).join('')
  for (const word of [
    `X${digits}`,
    `x${digits}`,
    digits,
    letters,
    letters.toLowerCase(),
    `X-${digits}`,
    `x-${digits}`,
    `x_${digits}`,
  ])
    yield word
  for (let length = 1; length <= 40; length++) {
    yield digits.padStart(length, '0').slice(-length)
    yield letters.padStart(length, 'A').slice(-length)
    yield letters.toLowerCase().padStart(length, 'a').slice(-length)
  }
  for (let left = 1; left <= 6; left++)
    for (let right = 1; right <= 8; right++)
      for (const mark of ['-', '_', '.', '/', ' ', ''])
        for (const [a, b] of [
          ['A', '0'],
          ['a', '0'],
          ['0', '0'],
          ['A', 'A'],
        ] as const)
          yield `${a.repeat(left)}${mark}${b === '0' ? digits.padStart(right, '0').slice(-right) : b.repeat(right)}`
}
