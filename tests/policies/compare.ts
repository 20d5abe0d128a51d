/** Holds an answer against the right ones. */
import { Nested, type Ranked, type Shown } from './answer-rows.ts'
import type { Expected } from './expected.ts'
import type { Json } from './world.ts'

/** What came back. */
export interface Came {
  readonly status: number
  readonly text: string
  /** Parsed; undefined where it is no JSON. */
  readonly body: unknown
  readonly headers: Headers
}

export type Verdict = { readonly right: Expected } | { readonly wrong: string }

/** The first of the right answers that this one is. */
export function compare(expected: readonly Expected[], came: Came): Verdict {
  const problems: string[] = []
  for (const right of expected) {
    const problem = difference(right, came)
    if (problem === null) return { right }
    problems.push(problem)
  }
  return { wrong: problems.join('\nor ') }
}

function difference(expected: Expected, came: Came): string | null {
  if (came.status !== expected.status) return `status ${expected.status}${codeOf(expected)}, not ${came.status}`
  switch (expected.is) {
    case 'refused': {
      const code = isObject(came.body) ? came.body.code : undefined
      return came.text === '' || code === expected.code ? null : `code ${expected.code}, not ${String(code)}`
    }
    case 'done':
      return came.text === '' ? null : 'no body'
    case 'object':
      return isShown(expected.row, came.body) ? null : `the row ${show(expected.row)}`
    case 'rows':
      return rowsDifference(expected, came)
  }
}

function rowsDifference(expected: Extract<Expected, { is: 'rows' }>, came: Came): string | null {
  const { rows, offset, limit, total } = expected
  const all = rows.flat().length
  const shown = Math.max(0, Math.min(limit ?? all, all - offset))
  const range = came.headers.get('content-range') ?? ''
  if (total !== null && !range.endsWith(`/${total}`)) return `a total of ${total}, not ${range}`
  if (expected.head) return came.text === '' ? null : 'no body of a HEAD'
  if (!Array.isArray(came.body)) return 'a list of rows'
  if (came.body.length !== shown) return `${shown} rows, not ${came.body.length}: ${show(rows)}`
  return isRanked(rows, came.body, offset) ? null : `the rows ${show(rows)}`
}

/** Rows of one rank may stand in any order; of a rank that the page cuts, any of them. */
function isRanked(ranked: Ranked, rows: readonly unknown[], offset: number): boolean {
  let start = -offset
  return ranked.every((rank) => {
    const slice = rows.slice(Math.max(0, start), Math.max(0, start + rank.length))
    start += rank.length
    const left = [...rank]
    return slice.every((row) => {
      const at = left.findIndex((one) => isShown(one, row))
      if (at < 0) return false
      left.splice(at, 1)
      return true
    })
  })
}

function isShown(expected: Shown, row: unknown): boolean {
  if (!isObject(row)) return false
  const names = Object.keys(expected)
  return names.length === Object.keys(row).length && names.every((name) => isCell(expected[name] ?? null, row[name]))
}

function isCell(expected: Json | Nested | Shown, value: unknown): boolean {
  if (expected instanceof Nested) {
    return Array.isArray(value) && value.length === expected.rows.flat().length && isRanked(expected.rows, value, 0)
  }
  if (Array.isArray(expected)) return JSON.stringify(expected) === JSON.stringify(value)
  if (expected !== null && typeof expected === 'object') return isShown(expected as Shown, value) // lists are out
  return expected === value
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function codeOf(expected: Expected): string {
  return expected.is === 'refused' ? ` ${expected.code}` : ''
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, inner) => (inner instanceof Nested ? inner.rows.flat() : inner))
}
