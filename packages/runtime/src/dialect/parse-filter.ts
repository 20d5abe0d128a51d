/** `not.eq.5`, `in.(1,2)`, `like(any).{a*,b*}`, `is.null`: an operator with its value, as written. */
import { arrayText, type BackSaasError, type Comparison, type Operator } from '@backsaas/core'
import { overLimit } from './dialect-errors.ts'
import { checkNesting } from './nesting.ts'
import type { Params } from './params.ts'
import { fail, type Scanner, scan } from './scanner.ts'

export type WrittenComparison = Omit<Comparison, 'kind' | 'path'>

const OPERATORS: ReadonlySet<string> = new Set<Operator>([
  ...(['eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'like', 'ilike', 'match', 'imatch', 'in', 'is', 'isdistinct'] as const),
  ...(['fts', 'plfts', 'phfts', 'wfts', 'cs', 'cd', 'ov', 'sl', 'sr', 'nxr', 'nxl', 'adj'] as const),
])
const QUANTIFIABLE: ReadonlySet<string> = new Set(['eq', 'gt', 'gte', 'lt', 'lte', 'like', 'ilike', 'match', 'imatch'])
const TEXT_SEARCH: ReadonlySet<string> = new Set(['fts', 'plfts', 'phfts', 'wfts'])
const HEAD = /^(not\.)?([a-z]+)(?:\(([a-z_]+)\))?\./i

/**
 * Reads what stands after `column=`.
 *
 * @throws `PGRST100` (400) for an unknown operator or a malformed value; `LIMIT_EXCEEDED` (400) for too long a list.
 * @example parseFilter('not.in.(1,2)', params, 1000)
 */
export function parseFilter(text: string, params: Params, maxInValues: number): WrittenComparison {
  const match = HEAD.exec(text)
  const [head = '', not, operator = '', argument] = match ?? []
  const s = scan(text)
  if (!match || !OPERATORS.has(operator)) throw fail(s, 'filter', `operator (${[...OPERATORS].join(', ')})`)
  s.position = head.length
  const value = text.slice(head.length)
  // The set above holds every Operator and nothing else.
  const base = { not: not !== undefined, operator: operator as Operator }
  if (argument !== undefined && !QUANTIFIABLE.has(operator) && !TEXT_SEARCH.has(operator))
    throw unexpectedModifier(s, argument)
  checkNesting(value)
  if (operator === 'is') return { ...base, is: parseIs(s, value) }
  if (operator === 'in') return { ...base, param: params.add(arrayText(takeList(s, maxInValues))) }
  if (argument === undefined) return { ...base, param: params.add(textValue(base.operator, value)) }
  if (TEXT_SEARCH.has(operator)) return { ...base, language: argument, param: params.add(value) }
  if (QUANTIFIABLE.has(operator) && (argument === 'any' || argument === 'all'))
    return { ...base, quantifier: argument, param: params.add(textValue(base.operator, value)) }
  throw unexpectedModifier(s, argument)
}

function unexpectedModifier(s: Scanner, argument: string): BackSaasError {
  s.position -= argument.length + 2
  return fail(s, 'filter', 'an operator that takes such a modifier')
}

/** `*` stands for `%`, which needs no escaping in a URL. */
function textValue(operator: Operator, value: string): string {
  return operator === 'like' || operator === 'ilike' ? value.replaceAll('*', '%') : value
}

function parseIs(s: Scanner, value: string): NonNullable<Comparison['is']> {
  const word = value.toLowerCase()
  if (word === 'null' || word === 'not_null' || word === 'true' || word === 'false' || word === 'unknown') return word
  throw fail(s, 'filter', 'null, not_null, true, false or unknown')
}

/** `(a,"b,c",d)` to the end. */
function takeList(s: Scanner, max: number): readonly string[] {
  if (s.text[s.position] !== '(') throw fail(s, 'filter', '"("')
  s.position++
  const items: string[] = []
  if (s.text[s.position] === ')' && s.position === s.text.length - 1) return items
  for (;;) {
    items.push(takeItem(s))
    if (items.length > max) throw overLimit('values in an "in" list', max)
    const next = s.text[s.position++]
    if (next === ',') continue
    s.position--
    if (next === ')' && s.position === s.text.length - 1) return items
    throw fail(s, 'filter', '"," or ")"')
  }
}

/** One item. Quotes count where they enclose it whole; an unquoted one may hold them, and parentheses before the last. */
function takeItem(s: Scanner): string {
  const quoted = takeWholeQuoted(s)
  if (quoted !== null) return quoted
  const comma = s.text.indexOf(',', s.position)
  const end = Math.max(s.position, comma === -1 ? s.text.length - 1 : comma)
  const item = s.text.slice(s.position, end)
  s.position = end
  return item
}

/** A quoted item that ends where its quotes do; null, and nothing taken, where it is none. */
function takeWholeQuoted(s: Scanner): string | null {
  QUOTED.lastIndex = s.position
  const match = QUOTED.exec(s.text)
  if (!match) return null
  s.position += match[0].length
  return (match[1] ?? '').replace(/\\(.)/gs, '$1')
}

const QUOTED = /"((?:[^"\\]|\\.)*)"(?=[,)])/sy
