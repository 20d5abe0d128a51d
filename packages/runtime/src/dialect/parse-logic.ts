/** `and=(a.eq.1,or(b.gt.2,not.c.is.null))`: conditions in a tree, as written. */
import type { Params } from './params.ts'
import { parseFilter, type WrittenComparison } from './parse-filter.ts'
import { takePath, type WrittenPath } from './parse-path.ts'
import { atEnd, expect, fail, type Scanner, scan, take, takeQuoted } from './scanner.ts'

export type WrittenCondition =
  | {
      readonly kind: 'and' | 'or'
      readonly not: boolean
      readonly conditions: readonly WrittenCondition[]
    }
  | { readonly kind: 'comparison'; readonly path: WrittenPath; readonly comparison: WrittenComparison }

const WHAT = 'logic tree'
const MAX_DEPTH = 32

/**
 * Reads the value of `and=`, `or=`, `not.and=` or `not.or=`.
 *
 * @throws `PGRST100` (400).
 * @example parseLogic('or', false, '(age.lt.18,age.gt.65)', params, 1000)
 */
export function parseLogic(
  kind: 'and' | 'or',
  not: boolean,
  text: string,
  params: Params,
  maxIn: number,
): WrittenCondition {
  const s = scan(text)
  const conditions = takeGroup(s, params, maxIn, 0)
  if (!atEnd(s)) throw fail(s, WHAT, 'the end')
  return { kind, not, conditions }
}

function takeGroup(s: Scanner, params: Params, maxIn: number, depth: number): readonly WrittenCondition[] {
  if (depth > MAX_DEPTH) throw fail(s, WHAT, `at most ${MAX_DEPTH} levels`)
  expect(s, '(', WHAT)
  const conditions: WrittenCondition[] = []
  do {
    while (take(s, ' '));
    conditions.push(takeCondition(s, params, maxIn, depth))
  } while (take(s, ','))
  expect(s, ')', WHAT)
  return conditions
}

function takeCondition(s: Scanner, params: Params, maxIn: number, depth: number): WrittenCondition {
  const group = GROUP.exec(s.text.slice(s.position, s.position + 9))
  if (group) {
    s.position += group[0].length - 1
    const kind = group[2] === 'and' ? 'and' : 'or'
    return { kind, not: group[1] !== undefined, conditions: takeGroup(s, params, maxIn, depth + 1) }
  }
  const path = takePath(s, WHAT)
  expect(s, '.', WHAT)
  return { kind: 'comparison', path, comparison: parseFilter(takeFilterText(s), params, maxIn) }
}

const GROUP = /^(not\.)?(and|or)\(/

/** The text of one filter: up to the comma or parenthesis that ends it, minding quotes, parentheses and braces. */
function takeFilterText(s: Scanner): string {
  const start = s.position
  const head = HEAD.exec(s.text.slice(start))?.[0] ?? ''
  s.position += head.length
  if (s.text[s.position] === '"') return head + takeQuoted(s, WHAT)
  let depth = 0
  for (; s.position < s.text.length; s.position++) {
    const char = s.text[s.position]
    if (char === '"' && depth > 0 && OPENS.has(s.text[s.position - 1] ?? '')) {
      takeQuoted(s, WHAT)
      s.position--
    } else if (char === '(' || char === '{' || char === '[') depth++
    else if (depth > 0 && (char === ')' || char === '}' || char === ']')) depth--
    else if (depth === 0 && (char === ',' || char === ')')) break
  }
  return s.text.slice(start, s.position)
}

/** What a quoted item of a list or array can follow. */
const OPENS: ReadonlySet<string> = new Set('({[, ')
const HEAD = /^(?:not\.)?[a-z]+(?:\([a-z_]+\))?\./i
