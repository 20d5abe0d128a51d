/** One value against one field. Postgres holds types and constraints too; this says which field it was, and says all. */
import { type CompiledField, patternMatcher } from '@backsaas/core'
import { boundedMap } from '../binding/bounded-map.ts'
import { typeFault } from './check-type.ts'
import { FORMATS } from './formats.ts'

export interface ValueProblem {
  readonly code: string
  readonly detail: string
}

/** Null where the value is right. */
export function checkValue(field: CompiledField, value: unknown): ValueProblem | null {
  if (value === null || value === undefined) return field.required ? { code: 'required', detail: 'is required' } : null
  if (!field.list) return checkScalar(field, value)
  // Postgres' own array literal is welcome too, as the dialect has it.
  if (typeof value === 'string' && /^\s*\{.*\}\s*$/s.test(value)) return null
  if (!Array.isArray(value)) return { code: 'type', detail: 'must be an array' }
  const bounds = checkRange(field, value.length, ' items')
  if (bounds) return bounds
  const { min: _min, max: _max, ...scalar } = field
  for (const item of value) {
    const problem = item === null ? null : checkScalar({ ...scalar, list: false }, item)
    if (problem) return problem
  }
  return null
}

function checkScalar(field: CompiledField, value: unknown): ValueProblem | null {
  if (field.type === 'json') return null
  if (typeof value === 'object' || !JSON_TYPES[field.type].includes(typeof value))
    return { code: 'type', detail: `must be a ${field.type}` }
  const text = String(value)
  if (text.includes('\0')) return { code: 'type', detail: 'must not contain a NUL character' }
  // JSON has brought a number that JavaScript has rounded: Postgres gets the digits, and judges them.
  const rounded = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
  const fault = rounded ? null : typeFault(field, text)
  if (fault) return { code: 'type', detail: fault }
  return checkBounds(field, text) ?? checkText(field, text)
}

/** What JSON may bring for each type; text that Postgres reads is always welcome, as the dialect has it. */
const JSON_TYPES: Readonly<Record<CompiledField['type'], readonly string[]>> = {
  string: ['string', 'number', 'boolean'],
  text: ['string', 'number', 'boolean'],
  enum: ['string'],
  integer: ['number', 'string'],
  bigint: ['number', 'string'],
  decimal: ['number', 'string'],
  float: ['number', 'string'],
  boolean: ['boolean', 'string'],
  date: ['string'],
  time: ['string'],
  timestamp: ['string'],
  interval: ['string'],
  uuid: ['string'],
  json: [],
  bytes: ['string'],
  integer_range: ['string'],
  decimal_range: ['string'],
  date_range: ['string'],
  timestamp_range: ['string'],
}

function checkBounds(field: CompiledField, text: string): ValueProblem | null {
  if (field.min === undefined && field.max === undefined) return null
  const numeric =
    field.type === 'integer' || field.type === 'bigint' || field.type === 'decimal' || field.type === 'float'
  // A character is one or two units of a string: most texts need not be counted.
  const { min = 0, max = Infinity } = field
  if (!numeric && text.length <= Number(max) && text.length >= 2 * Number(min)) return null
  return checkRange(field, numeric ? Number(text) : [...text].length, numeric ? '' : ' characters')
}

/** Length of text, value of a number, items of a list. What is no number is left to Postgres, which says why. */
function checkRange({ min, max }: CompiledField, measure: number, unit: string): ValueProblem | null {
  if (min !== undefined && measure < Number(min)) return { code: 'min', detail: `must be at least ${min}${unit}` }
  if (max !== undefined && measure > Number(max)) return { code: 'max', detail: `must be at most ${max}${unit}` }
  return null
}

const patterns = boundedMap<(text: string) => boolean>(1000)

function checkText(field: CompiledField, text: string): ValueProblem | null {
  if (field.values && !field.values.includes(text))
    return { code: 'enum', detail: `must be one of ${field.values.join(', ')}` }
  if (field.pattern !== undefined && !pattern(field.pattern)(text))
    return { code: 'pattern', detail: `must match ${field.pattern}` }
  const format = field.format === undefined ? undefined : FORMATS[field.format]
  if (format && !format(text)) return { code: 'format', detail: `must be a valid ${field.format}` }
  return null
}

/** Compiled once; its time is linear in the text, whatever a schema's author has written. */
function pattern(source: string): (text: string) => boolean {
  let matches = patterns.get(source)
  if (!matches) {
    matches = patternMatcher(source)
    patterns.set(source, matches)
  }
  return matches
}
