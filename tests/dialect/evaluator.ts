/**
 * An independent evaluation of a question over rows in memory, as SQL would answer it: three-valued logic, C collation,
 * nulls last going up. Imports nothing of what it checks.
 */

export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value }
export type Row = Readonly<Record<string, Value>>
export type Tables = Readonly<Record<string, readonly Row[]>>

export interface Question {
  readonly table: string
  readonly select: readonly Picked[]
  readonly where: readonly Clause[]
  readonly order: readonly Sorting[]
  readonly limit: number | null
  readonly offset: number
}

export type Picked =
  | { readonly kind: 'field'; readonly name: string; readonly place: Place; readonly cast: 'text' | null }
  | {
      readonly kind: 'embed'
      readonly name: string
      readonly link: Link
      readonly inner: boolean
      readonly of: Question
    }

/** A column, or a way into its JSON; the last arrow says whether text comes out. */
export interface Place {
  readonly column: string
  readonly keys: readonly (string | number)[]
  readonly text: boolean
}

export interface Link {
  readonly to: string
  readonly many: boolean
  /** Columns that must be equal: here, there. */
  readonly here: string
  readonly there: string
  /** A junction between: its columns that equal `here` and `there`. */
  readonly through?: { readonly table: string; readonly here: string; readonly there: string }
}

export type Clause =
  | { readonly kind: 'all' | 'some'; readonly not: boolean; readonly of: readonly Clause[] }
  | { readonly kind: 'present'; readonly not: boolean; readonly embed: string }
  | { readonly kind: 'test'; readonly not: boolean; readonly place: Place; readonly test: (value: Value) => Truth }

export interface Sorting {
  readonly place: Place
  readonly down: boolean
  readonly nulls: 'first' | 'last' | null
}

/** SQL's truth: null is unknown. */
export type Truth = boolean | null

/** The rows that answer `question`, out of those that `from` allows. */
export function evaluate(tables: Tables, question: Question, from: (row: Row) => boolean = () => true): Row[] {
  const rows = chosen(tables, question, from)
  const sorted = [...rows].sort((a, b) => compareRows(a, b, question.order))
  const end = question.limit === null ? undefined : question.offset + question.limit
  return sorted.slice(question.offset, end).map((row) => project(tables, row, question))
}

/** How many rows there are without limit. */
export function countAll(tables: Tables, question: Question): number {
  return chosen(tables, question, () => true).length
}

function chosen(tables: Tables, question: Question, from: (row: Row) => boolean): Row[] {
  return (tables[question.table] ?? []).filter(
    (row) =>
      from(row) &&
      question.where.every((clause) => truth(tables, row, question, clause) === true) &&
      question.select.every((item) => item.kind !== 'embed' || !item.inner || isThere(tables, row, item)),
  )
}

function truth(tables: Tables, row: Row, question: Question, clause: Clause): Truth {
  if (clause.kind === 'test') return negate(clause.not, clause.test(reach(row, clause.place)))
  if (clause.kind === 'present') {
    const item = question.select.find((picked) => picked.kind === 'embed' && picked.name === clause.embed)
    if (item?.kind !== 'embed') throw new Error(`no embed ${clause.embed}`)
    return clause.not ? isThere(tables, row, item) : !isThere(tables, row, item)
  }
  const parts = clause.of.map((inner) => truth(tables, row, question, inner))
  const deciding = clause.kind === 'some'
  const whole = parts.includes(deciding) ? deciding : parts.includes(null) ? null : !deciding
  return negate(clause.not, whole)
}

function negate(not: boolean, value: Truth): Truth {
  return not && value !== null ? !value : value
}

function isThere(tables: Tables, row: Row, item: Extract<Picked, { kind: 'embed' }>): boolean {
  // On the page that is asked for: rows beyond it count as none.
  return evaluate(tables, item.of, linked(tables, row, item.link)).length > 0
}

function linked(tables: Tables, row: Row, link: Link): (row: Row) => boolean {
  const own = row[link.here] ?? null
  const { through } = link
  if (!through) return (other) => own !== null && other[link.there] === own
  const between = (tables[through.table] ?? []).filter((middle) => own !== null && middle[through.here] === own)
  const reached = new Set(between.map((middle) => middle[through.there]))
  return (other) => reached.has(other[link.there] ?? null)
}

function project(tables: Tables, row: Row, question: Question): Row {
  return Object.fromEntries(
    question.select.map((item) => {
      if (item.kind === 'field') return [item.name, item.cast ? asText(reach(row, item.place)) : reach(row, item.place)]
      const rows = evaluate(tables, item.of, linked(tables, row, item.link))
      return [item.name, item.link.many ? rows : (rows[0] ?? null)]
    }),
  )
}

/** What stands at a place; null where nothing does. */
export function reach(row: Row, { column, keys, text }: Place): Value {
  let value = row[column] ?? null
  for (const key of keys) value = step(value, key)
  return text && keys.length > 0 ? asText(value) : value
}

function step(value: Value, key: string | number): Value {
  if (Array.isArray(value)) return typeof key === 'number' ? (value.at(key) ?? null) : null
  if (value === null || typeof value !== 'object') return null
  const object = value as { readonly [key: string]: Value } // arrays are out already
  return typeof key === 'string' && Object.hasOwn(object, key) ? (object[key] ?? null) : null
}

/** Scalars only: how Postgres spaces a whole JSON text is not worth knowing here. */
function asText(value: Value): string | null {
  return value === null ? null : String(value)
}

function compareRows(a: Row, b: Row, order: readonly Sorting[]): number {
  for (const { place, down, nulls } of order) {
    const x = reach(a, place)
    const y = reach(b, place)
    if (x === null && y === null) continue
    if (x === null || y === null) {
      const last = nulls === null ? !down : nulls === 'last'
      return (x === null) === last ? 1 : -1
    }
    const difference = compare(x, y)
    if (difference !== 0) return down ? -difference : difference
  }
  return 0
}

/** Numbers by size, false before true, texts by the bytes of their UTF-8. */
export function compare(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  if (typeof a === typeof b && a !== null && b !== null) return a < b ? -1 : a > b ? 1 : 0
  throw new Error(`${JSON.stringify(a)} and ${JSON.stringify(b)} have no order`)
}
