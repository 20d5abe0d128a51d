/** Literal defaults: whether a value is one of a type, and its compiled form. */
import type { FieldType } from '../contracts/field-type.ts'
import type { Json } from '../contracts/json.ts'
import { isUuid } from '../contracts/uuid.ts'
import { numberOf } from './bounds.ts'
import { show } from './describe-issue.ts'

/** `literal` is absent where there is none: no default, `null`, or a fault. */
export interface Literal {
  readonly literal?: Json
  readonly fault?: string
}

/** The source of a default such as `{ cel: "now()" }`; undefined where it is a literal. */
export function expressionDefault(value: unknown): string | undefined {
  if (!isExpressionDefault(value)) return undefined
  return typeof value.cel === 'string' && Object.keys(value).length === 1 ? value.cel : undefined
}

/** Whether a default is meant as an expression, well-formed or not: an object with the key `cel` is never a literal. */
export function isExpressionDefault(value: unknown): value is { readonly cel: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && 'cel' in value
}

interface Shape {
  readonly type: FieldType
  readonly list: boolean
  readonly values: ReadonlySet<string>
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/
const TIME = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$/
const TIMESTAMP =
  /^(\d{4}-\d{2}-\d{2})T((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?)(Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/
const INTERVAL =
  /^P(?=.)(\d{1,6}Y)?(\d{1,6}M)?(\d{1,6}W)?(\d{1,6}D)?(T(?=.)(\d{1,6}H)?(\d{1,6}M)?(\d{1,6}(\.\d{1,6})?S)?)?$/

/** Types of text forms: how a value is told, and an example of one. */
const TEXTS: Readonly<Partial<Record<FieldType, readonly [fits: (text: string) => boolean, example: string]>>> = {
  date: [isDate, '2026-01-31'],
  time: [(text) => TIME.test(text), '17:30:00'],
  timestamp: [(text) => isDate(TIMESTAMP.exec(text)?.[1] ?? ''), '2026-01-31T17:30:00Z'],
  interval: [(text) => INTERVAL.test(text), 'P1DT12H'],
  uuid: [isUuid, '018f0000-0000-7000-8000-000000000001'],
}

/**
 * Reads a default. Bigints and decimals become text, lists are read item by item.
 *
 * @example literalOf({ type: 'decimal', list: false, values: new Set() }, 1.5) // { literal: '1.5' }
 */
export function literalOf(shape: Shape, value: unknown): Literal {
  if (value === undefined || value === null) return {}
  if (!shape.list) return scalarOf(shape, value)
  if (!Array.isArray(value)) return { fault: `expected a list, found ${show(value)}` }
  const items: Json[] = []
  for (const item of value) {
    const { literal, fault } = scalarOf(shape, item)
    if (literal === undefined) return { fault: fault ?? 'an item of the list is nothing' }
    items.push(literal)
  }
  return { literal: items }
}

function scalarOf({ type, values }: Shape, value: unknown): Literal {
  const wrong = (example: string): Literal => ({ fault: `expected ${example}, found ${show(value)}` })
  switch (type) {
    case 'string':
    case 'text':
      return typeof value === 'string' ? { literal: value } : wrong('a text')
    case 'enum':
      return typeof value === 'string' && values.has(value)
        ? { literal: value }
        : wrong(`one of ${[...values].join(', ')}`)
    case 'boolean':
      return typeof value === 'boolean' ? { literal: value } : wrong('true or false')
    case 'integer':
    case 'bigint':
    case 'decimal':
    case 'float': {
      const literal = numberOf(type, value)
      return literal === undefined ? wrong(`a value of type ${type}`) : { literal }
    }
    case 'json':
      return isJson(value) ? { literal: value } : { fault: 'it holds a number too large for JSON; write it in quotes' }
    default: {
      const form = TEXTS[type]
      if (!form) return { fault: `a default for the type ${type} is not supported` }
      return typeof value === 'string' && form[0](value) ? { literal: value } : wrong(`a ${type} such as ${form[1]}`)
    }
  }
}

function isDate(text: string): boolean {
  const [, year = '', month = '', day = ''] = DATE.exec(text) ?? []
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`)
  return Number(year) > 0 && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

/** The reader makes nothing but JSON and bigints. */
function isJson(value: unknown): value is Json {
  if (typeof value === 'bigint') return false
  return typeof value !== 'object' || value === null || Object.values(value).every(isJson)
}
