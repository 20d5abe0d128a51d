/** Whether a text can be read as a field's type, said in the schema's own words before Postgres says it in its own. */
import type { CompiledField } from '@backsaas/core'

const INTEGER = /^\s*[+-]?\d+\s*$/
// No digit can be taken by two parts of it: it takes linear time.
const NUMBER = /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?\s*$/i
const INT4 = { min: -(2n ** 31n), max: 2n ** 31n - 1n }
/** So few characters are within any bounds. */
const SURELY_INT4 = 10
const INT8 = { min: -(2n ** 63n), max: 2n ** 63n - 1n }

/** What is wrong with it, as "must be …"; null where nothing is, or only Postgres can tell. */
export function typeFault(field: CompiledField, text: string): string | null {
  switch (field.type) {
    case 'integer':
      return integerFault(text, INT4, 'an integer')
    case 'bigint':
      return integerFault(text, INT8, 'a bigint')
    case 'decimal':
      return NUMBER.test(text) ? scaleFault(field, text) : 'must be a decimal'
    case 'uuid':
      // Postgres takes braces and any grouping of the digits.
      return /^[0-9a-f]{32}$/i.test(
        text
          .trim()
          .replace(/^\{(.*)\}$/, '$1')
          .replaceAll('-', ''),
      )
        ? null
        : 'must be a uuid'
    case 'date':
    case 'timestamp':
      return isNoDay(text) ? `must be a ${field.type}` : null
    case 'boolean':
      return /^\s*(?:t|tr|tru|true|f|fa|fal|fals|false|y|ye|yes|n|no|on|of|off|1|0)\s*$/i.test(text)
        ? null
        : 'must be a boolean'
    default:
      return null
  }
}

function integerFault(text: string, { min, max }: { min: bigint; max: bigint }, name: string): string | null {
  // JSON may write a whole number as 1e3 or 1.0, and Postgres then says that it is none.
  if (!INTEGER.test(text)) return `must be ${name}`
  if (text.length < SURELY_INT4) return null
  const value = BigInt(text.trim().replace(/^\+/, ''))
  return value < min || value > max ? `must be ${name}, from ${min} to ${max}` : null
}

function scaleFault({ scale }: CompiledField, text: string): string | null {
  const decimals = /\.(\d*)\s*$/.exec(text)?.[1]
  if (scale === undefined || decimals === undefined) return null
  let { length } = decimals
  while (decimals[length - 1] === '0') length--
  return length > scale ? `must have at most ${scale} decimals` : null
}

/** An ISO day that no calendar has; other forms of dates are Postgres' to read. */
function isNoDay(text: string): boolean {
  const match = /^\s*(\d{4})-(\d{2})-(\d{2})(?!\d)/.exec(text)
  if (!match) return false
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number] // three groups of digits
  return month < 1 || month > 12 || day < 1 || day > new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()
}
