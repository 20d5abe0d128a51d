/**
 * Requests that differ from one parsed before in values only: their values are read, and nothing else.
 *
 * A request is written as a key, which is all of it but its values, and the values. The first request of a key is parsed,
 * and so is the same with a marker in each value's place: where the markers turn up among the params is where the values
 * of later requests go. What a value can have a say in (a nested list, a page size) stays in the key, or is not known here.
 */
import type { Operation } from '@backsaas/core'
import type { BoundedMap } from '../binding/bounded-map.ts'
import type { Head, ParseInput } from './parsed.ts'

/** A request split in two; null where it is one of those that are always parsed. */
export interface WrittenRequest {
  readonly key: string
  readonly values: readonly string[]
  /** Which of the values is the number of the first row; -1 where none is. */
  readonly offsetAt: number
}

export interface KnownShape {
  readonly head: Head
  /** Of each param the value it is, or its text where it is none. */
  readonly sources: readonly (number | { readonly text: string | null })[]
  readonly offsetAt: number
}

/** Those of the requests on one schema. */
export type KnownShapes = BoundedMap<KnownShape>

/** Comparisons whose right side the parser passes on as it is. */
const PLAIN: ReadonlySet<string> = new Set(['eq', 'neq', 'gt', 'gte', 'lt', 'lte'])
/** Parameters that are no filters; their text is of the key. */
const WORDS: ReadonlySet<string> = new Set(['select', 'order', 'columns', 'on_conflict', 'limit'])
const NAME = /^[A-Za-z_][\w.]*$/
const OFFSET = /^[1-9]\d{0,8}$/
const IS = /^(?:not\.)?is\.[a-z_]{1,8}$/
/** A value with one of these may be refused for its nesting, a NUL always is. */
const TELLING = /[([{\0]/
const MAX_KEY = 2_000

/** Reads no more than a glance of the query string. */
export function readWritten(input: ParseInput): WrittenRequest | null {
  const { method, headers, query, entity, itemKey } = input
  // So that what stands between the parts of a key stands in none of them.
  if (!NAME.test(entity)) return null
  if (method === 'PUT' || headers.has('range') || headers.has('if-match') || headers.has('if-none-match')) return null
  const values: string[] = []
  let key = `${method} ${entity} ${headers.get('accept') ?? ''}\n${headers.get('prefer') ?? ''}\n`
  if (itemKey !== null) {
    const value = readValue(itemKey, false)
    if (value === null || itemKey.includes(',')) return null
    values.push(value)
    key += '/'
  }
  let offsetAt = -1
  for (let at = 0; at < query.length; ) {
    const ampersand = query.indexOf('&', at)
    const end = ampersand === -1 ? query.length : ampersand
    const equals = query.indexOf('=', at)
    if (equals === -1 || equals > end) return null
    const name = query.slice(at, equals)
    const text = query.slice(equals + 1, end)
    at = end + 1
    if (WORDS.has(name) || IS.test(text)) {
      key += `&${name}=${text}`
    } else if (name === 'offset') {
      if (!OFFSET.test(text) || offsetAt !== -1) return null
      offsetAt = values.push(text) - 1
      key += '&offset'
    } else {
      const dot = text.indexOf('.')
      const value = PLAIN.has(text.slice(0, dot)) && isFilterName(name) ? readValue(text.slice(dot + 1), true) : null
      if (value === null) return null
      values.push(value)
      key += `&${name}=${text.slice(0, dot)}`
    }
  }
  return key.length > MAX_KEY ? null : { key, values, offsetAt }
}

/** Whether the parameter is a column, perhaps of an embed, and none of the dialect's words. */
function isFilterName(name: string): boolean {
  return NAME.test(name) && !/(?:^|\.)(?:and|or|not|order|limit|offset)$/.test(name)
}

/** Null where it says more than a value does, or is not well written. */
function readValue(text: string, form: boolean): string | null {
  if (!/[%+([{\0]/.test(text)) return text
  try {
    const value = decodeURIComponent(form ? text.replaceAll('+', ' ') : text)
    return TELLING.test(value) ? null : value
  } catch {
    return null // how the platform says that a percent sign begins nothing
  }
}

/**
 * Finds out where the values go.
 *
 * @param head of a request that was parsed.
 * @param parseHead parses another in the same way.
 * @returns null where they do not come back each as one param.
 */
export function learnShape(
  { values, offsetAt }: WrittenRequest,
  head: Head,
  input: ParseInput,
  parseHead: (input: ParseInput) => Head,
): KnownShape | null {
  const markers = values.map((_, i) =>
    i === offsetAt ? String(987_000_000 + i) : `marker-${i}-${crypto.randomUUID()}`,
  )
  const marked = tryParse(markedInput(input, markers), parseHead)
  if (!marked || !sameTree(marked.operation, head.operation)) return null
  const sources = marked.operation.params.map((text) => {
    const at = text === null ? -1 : markers.indexOf(text)
    return at === -1 ? { text } : at
  })
  const fits = sources.every((source, i) => sourceText(source, values) === head.operation.params[i])
  return fits && markers.every((_, i) => sources.includes(i)) ? { head, sources, offsetAt } : null
}

/** The head of a request of a known shape. */
export function fillShape({ head, sources, offsetAt }: KnownShape, values: readonly string[]): Head {
  const params = sources.map((source) => sourceText(source, values))
  return {
    ...head,
    operation: { ...head.operation, params },
    offset: offsetAt === -1 ? head.offset : Number(values[offsetAt]),
  }
}

function sourceText(source: KnownShape['sources'][number], values: readonly string[]): string | null {
  return typeof source === 'number' ? (values[source] ?? null) : source.text
}

/** The same request with the markers in the values' places, in their order. */
function markedInput(input: ParseInput, markers: readonly string[]): ParseInput {
  let next = 0
  const itemKey = input.itemKey === null ? null : (markers[next++] ?? '')
  const query = input.query
    .split('&')
    .map((pair) => {
      const [name = '', text = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
      if (pair === '' || WORDS.has(name) || IS.test(text)) return pair
      const marker = markers[next++] ?? ''
      return name === 'offset' ? `offset=${marker}` : `${name}=${text.slice(0, text.indexOf('.'))}.${marker}`
    })
    .join('&')
  return { ...input, itemKey, query }
}

function tryParse(input: ParseInput, parseHead: (input: ParseInput) => Head): Head | null {
  try {
    return parseHead(input)
  } catch {
    return null // the values have a say after all
  }
}

function sameTree(a: Operation, b: Operation): boolean {
  return JSON.stringify({ ...a, params: null }) === JSON.stringify({ ...b, params: null })
}
