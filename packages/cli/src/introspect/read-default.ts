/** A column's default as a literal of the language. */
import type { FieldType, Json } from '@backsaas/core'
import { bare, type Expression, parseExpression } from './sql-expression.ts'

/**
 * @returns undefined where the default is no constant, or one that the language does not take for the type.
 * @example readDefault("'lead'::text", 'string', false) // 'lead'
 */
export function readDefault(sql: string, type: FieldType, isList: boolean): Json | undefined {
  const parsed = parseExpression(sql)
  const expression = parsed && bare(parsed)
  if (!expression) return undefined
  if (!isList) return scalar(expression, type)
  const items = expression.kind === 'array' ? expression.items.map(bare) : listItems(expression)
  const values = items?.map((item) => scalar(item, type))
  return values?.every((value) => value !== undefined) ? values : undefined
}

function scalar(expression: Expression, type: FieldType): Json | undefined {
  if (expression.kind !== 'literal' || (!expression.quoted && /^null$/i.test(expression.text))) return undefined
  const { text } = expression
  switch (type) {
    case 'string':
    case 'text':
    case 'enum':
    case 'uuid':
    case 'date':
    case 'time':
      return text
    case 'timestamp':
      return timestamp(text)
    case 'boolean':
      return /^(?:t|true)$/i.test(text)
    case 'integer':
    case 'float':
      return Number.isFinite(Number(text)) ? Number(text) : undefined
    case 'bigint':
    case 'decimal':
      return /^-?\d+(?:\.\d+)?$/.test(text) ? exact(text) : undefined
    case 'json':
      return parseJson(text)
    default:
      return undefined
  }
}

/** A number where it is written as it is, else its text, which the language takes as well. */
function exact(text: string): Json {
  return String(Number(text)) === text ? Number(text) : text
}

/** `2020-01-01 00:00:00+00` → `2020-01-01T00:00:00+00:00`. */
function timestamp(text: string): Json | undefined {
  const [, date, time, zone = '+00'] =
    /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d(?::\d\d)?)?$/.exec(text) ?? []
  return date === undefined ? undefined : `${date}T${time}${zone.includes(':') ? zone : `${zone}:00`}`
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // not JSON's own form: said where the default is left out
  }
}

/** The items of an array literal of one dimension, `{a,"b c"}`. */
function listItems(expression: Expression): readonly Expression[] | undefined {
  if (expression.kind !== 'literal' || !/^\{.*\}$/s.test(expression.text)) return undefined
  const inner = expression.text.slice(1, -1)
  if (inner === '') return []
  const items = inner.match(/"(?:[^"\\]|\\.)*"|[^,"{}\\]+/g) ?? []
  if (items.join(',') !== inner) return undefined
  return items.map((item) => ({
    kind: 'literal',
    quoted: item.startsWith('"'),
    text: item.startsWith('"') ? item.slice(1, -1).replace(/\\(.)/g, '$1') : item,
  }))
}
