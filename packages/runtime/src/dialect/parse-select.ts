/** `select=`: columns, casts, JSON paths, aggregates and embeds, as written. */
import type { AggregateName } from '@backsaas/core'
import { takePath, type WrittenPath } from './parse-path.ts'
import { atEnd, expect, fail, type Scanner, scan, take, takeName } from './scanner.ts'

export type WrittenSelection =
  | { readonly kind: 'star' }
  | {
      readonly kind: 'column'
      readonly alias: string | null
      readonly path: WrittenPath
      readonly cast: string | null
      readonly aggregate: { readonly name: AggregateName; readonly cast: string | null } | null
    }
  | { readonly kind: 'count'; readonly alias: string | null; readonly cast: string | null }
  | WrittenEmbed

export interface WrittenEmbed {
  readonly kind: 'embed'
  readonly alias: string | null
  readonly target: string
  readonly hint: string | null
  readonly join: 'left' | 'inner'
  readonly spread: boolean
  readonly items: readonly WrittenSelection[]
}

const WHAT = 'select parameter'
const AGGREGATES: ReadonlySet<string> = new Set(['count', 'sum', 'avg', 'min', 'max'])

/**
 * @throws `PGRST100` (400) naming the column where reading stopped.
 * @example parseSelect('id,company:companies!inner(name)')
 */
export function parseSelect(text: string): readonly WrittenSelection[] {
  const s = scan(text)
  const items = takeItems(s)
  if (!atEnd(s)) throw fail(s, WHAT, '"," or the end')
  return items
}

function takeItems(s: Scanner): readonly WrittenSelection[] {
  const items: WrittenSelection[] = []
  if (atEnd(s) || s.text[s.position] === ')') return items
  do items.push(takeItem(s))
  while (take(s, ','))
  return items
}

function takeItem(s: Scanner): WrittenSelection {
  while (take(s, ' '));
  if (take(s, '*')) return { kind: 'star' }
  if (take(s, '...')) return takeEmbed(s, null, takeName(s, WHAT), true)
  const start = s.position
  const alias = takeAlias(s)
  if (take(s, 'count()')) return { kind: 'count', alias, cast: takeCast(s) }
  const path = takePath(s, WHAT)
  const next = s.text[s.position]
  if (path.json.length === 0 && (next === '(' || next === '!')) return takeEmbed(s, alias, path.field, false)
  if (start === s.position) throw fail(s, WHAT, 'a column')
  const cast = takeCast(s)
  const aggregate = takeAggregate(s)
  return { kind: 'column', alias, path, cast, aggregate }
}

/** `alias:` but not the `::` of a cast. */
function takeAlias(s: Scanner): string | null {
  const start = s.position
  if (s.text[start] !== '"' && !/[\p{L}\p{N}_$]/u.test(s.text[start] ?? '')) return null
  const name = takeName(s, WHAT)
  if (s.text[s.position] === ':' && s.text[s.position + 1] !== ':') {
    s.position++
    return name
  }
  s.position = start
  return null
}

function takeCast(s: Scanner): string | null {
  return take(s, '::') ? takeName(s, WHAT) : null
}

function takeAggregate(s: Scanner): { name: AggregateName; cast: string | null } | null {
  if (!take(s, '.')) return null
  const name = takeName(s, WHAT)
  if (!AGGREGATES.has(name)) throw fail(s, WHAT, 'count(), sum(), avg(), min() or max()')
  expect(s, '()', WHAT)
  return { name: name as AggregateName, cast: takeCast(s) } // narrowed by the set above
}

function takeEmbed(s: Scanner, alias: string | null, target: string, spread: boolean): WrittenEmbed {
  let join: 'left' | 'inner' = 'left'
  let hint: string | null = null
  while (take(s, '!')) {
    const word = takeName(s, WHAT)
    if (word === 'inner' || word === 'left') join = word
    else if (hint === null) hint = word
    else throw fail(s, WHAT, '"inner", "left" or "("')
  }
  expect(s, '(', WHAT)
  const items = takeItems(s)
  expect(s, ')', WHAT)
  return { kind: 'embed', alias, target, hint, join, spread, items }
}
