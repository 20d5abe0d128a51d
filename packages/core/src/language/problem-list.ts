/** Collects the problems of one document, places them, and keeps their number within bounds. */
import { type Path, toPointer } from './path.ts'
import type { Problem } from './problem.ts'

/** More than these are counted, not listed: nobody reads them, and a hostile document could ask for millions. */
const LISTED_MAX = 200

/** Where a path stands in the text; `key` points at the name of a member, `value` at what it holds. */
export type Locate = (path: Path, at: 'key' | 'value') => { readonly line: number; readonly column: number }

export interface Report {
  readonly path: Path
  /** Default `value`. */
  readonly at?: 'key' | 'value'
  /** Where the path alone would find another place. */
  readonly place?: { readonly line: number; readonly column: number }
  readonly code: string
  readonly message: string
  /** A function is asked only where the problem is listed. */
  readonly hint?: string | undefined | (() => string | undefined)
}

export interface ProblemList {
  report(report: Report): void
  /** In the order of the text. */
  all(): readonly Problem[]
}

/** An empty list whose problems are placed by `locate`. */
export function createProblemList(locate: Locate): ProblemList {
  const listed: Problem[] = []
  let unlisted = 0
  const report = ({ path, at = 'value', place, code, message, hint }: Report): void => {
    if (listed.length >= LISTED_MAX) {
      unlisted++
      return
    }
    const text = typeof hint === 'function' ? hint() : hint
    listed.push({
      pointer: toPointer(path),
      ...(place ?? locate(path, at)),
      code,
      message,
      ...(text && { hint: text }),
    })
  }
  const all = (): readonly Problem[] => {
    const sorted = listed.toSorted((a, b) => a.line - b.line || a.column - b.column)
    const last = sorted.at(-1)
    if (!last || unlisted === 0) return sorted
    const message = `${unlisted} more problems are not listed`
    return [...sorted, { pointer: '', line: last.line, column: last.column, code: 'TOO_MANY_PROBLEMS', message }]
  }
  return { report, all }
}
