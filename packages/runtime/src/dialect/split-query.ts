/** The query string, sorted by what each parameter is for. */
import { notSatisfiable, parseError } from './dialect-errors.ts'
import { takePath, type WrittenPath } from './parse-path.ts'
import { atEnd, fail, scan, take } from './scanner.ts'

export interface SplitQuery {
  readonly select: string | null
  readonly columns: string | null
  readonly onConflict: string | null
  readonly orders: readonly Addressed[]
  readonly limits: readonly Addressed[]
  readonly offsets: readonly Addressed[]
  readonly filters: readonly (Addressed & { readonly path: WrittenPath })[]
  readonly logic: readonly (Addressed & { readonly kind: 'and' | 'or'; readonly not: boolean })[]
}

/** A text for the embed that the aliases lead to; none for the root. */
export interface Addressed {
  readonly embed: readonly string[]
  readonly text: string
}

/**
 * @throws `PGRST100` (400) for a parameter name that is neither a keyword nor a column.
 * @example splitQuery(new URLSearchParams('select=id&notes.order=pinned&status=eq.lead'))
 */
export function splitQuery(search: URLSearchParams): SplitQuery {
  const orders: Addressed[] = []
  const limits: Addressed[] = []
  const offsets: Addressed[] = []
  const filters: (Addressed & { path: WrittenPath })[] = []
  const logic: (Addressed & { kind: 'and' | 'or'; not: boolean })[] = []
  const single: Record<'select' | 'columns' | 'on_conflict', string | null> = {
    select: null,
    columns: null,
    on_conflict: null,
  }
  for (const [name, text] of search) {
    if (name.includes('\0') || text.includes('\0')) throw parseError('query', name, 1, 'no NUL character')
    if (name === 'select' || name === 'columns' || name === 'on_conflict') {
      single[name] ??= text
      continue
    }
    const { embed, path } = readName(name)
    const last = path.json.length === 0 ? path.field : ''
    const negated = embed.at(-1) === 'not'
    if (last === 'order') orders.push({ embed, text })
    else if (last === 'limit') limits.push({ embed, text })
    else if (last === 'offset') offsets.push({ embed, text })
    else if (last === 'and' || last === 'or')
      logic.push({ embed: negated ? embed.slice(0, -1) : embed, kind: last, not: negated, text })
    else filters.push({ embed, path, text })
  }
  return {
    select: single.select,
    columns: single.columns,
    onConflict: single.on_conflict,
    orders,
    limits,
    offsets,
    filters,
    logic,
  }
}

/** `notes.author.name` → embed [notes, author], path name. */
function readName(name: string): { embed: readonly string[]; path: WrittenPath } {
  const s = scan(name)
  const names: WrittenPath[] = [takePath(s, 'parameter name')]
  while (take(s, '.')) names.push(takePath(s, 'parameter name'))
  const path = names.pop()
  if (!path || !atEnd(s) || names.some((n) => n.json.length > 0)) throw fail(s, 'parameter name', 'a column')
  return { embed: names.map((n) => n.field), path }
}

/**
 * A whole number ≥ 0 of at most 15 digits.
 *
 * @throws `PGRST103` (416) for a negative one, `PGRST100` (400) for what is no whole number.
 */
export function readCount(text: string, what: string): number {
  if (/^-\d{1,15}$/.test(text)) throw notSatisfiable(`${what} should be greater than or equal to zero.`)
  if (!/^\d{1,15}$/.test(text)) throw parseError(what, text, 1, 'a whole number')
  return Number(text)
}
