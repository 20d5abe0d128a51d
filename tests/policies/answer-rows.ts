/** Answers a question from what the caller sees, and from nothing else. */
import { order as compareValues, type Truth } from './evaluate.ts'
import type { AggregateName, Embed, Filter, Picked, Query, Sorting, Spot } from './query.ts'
import { embedsOf } from './query.ts'
import { type Seen, type Setting, seenRows, visibleFields } from './sight.ts'
import { type Json, relationOf, type Value } from './world.ts'

/** Rows in the order asked for; those that it leaves equal are one group. */
export type Ranked = readonly (readonly Shown[])[]
/** An answered row; a row embedded in it is one too. */
export interface Shown {
  readonly [name: string]: Json | Nested | Shown
}
/** A list of embedded rows. */
export class Nested {
  readonly rows: Ranked
  constructor(rows: Ranked) {
    this.rows = rows
  }
}

/** All rows that answer a query, page and limit left out. */
export function answerRows(
  setting: Setting,
  query: Query,
  from: readonly Seen[] = seenRows(setting, query.entity),
): Ranked {
  const rows = from.filter((row) => isChosen(setting, query, row))
  if (query.select.some(({ is }) => is === 'aggregate')) return aggregate(query, rows)
  return rank(rows, query, setting).map((group) => group.map((row) => project(setting, query, row)))
}

/** Whether filters and inner embeds leave a row. */
export function isChosen(setting: Setting, query: Query, row: Seen): boolean {
  return (
    query.where.every((filter) => judgeFilter(setting, query, row, filter) === true) &&
    embedsOf(query).every((embed) => !embed.inner || embedded(setting, query, row, embed).length > 0)
  )
}

/** The rows of an embed's entity that hang on a row and that its own filters leave. */
function embedded(setting: Setting, query: Query, row: Seen, { relation, query: inner }: Embed): readonly Seen[] {
  const { to, here, there, through } = relationOf(query.entity, relation)
  const from = row[here] ?? null
  if (from === null) return []
  const reached = through
    ? seenRows(setting, through.entity).flatMap((middle) =>
        middle[through.here] === from ? [middle[through.there]] : [],
      )
    : [from]
  const found = seenRows(setting, to).filter((other) => {
    const value = other[there] ?? null
    return value !== null && reached.includes(value)
  })
  return found.filter((other) => isChosen(setting, inner, other))
}

function judgeFilter(setting: Setting, query: Query, row: Seen, filter: Filter): Truth {
  const plain = judgePlain(setting, query, row, filter)
  return filter.not && plain !== null ? !plain : plain
}

function judgePlain(setting: Setting, query: Query, row: Seen, filter: Filter): Truth {
  switch (filter.is) {
    case 'and':
    case 'or': {
      const truths = filter.items.map((item) => judgeFilter(setting, query, row, item))
      const decides = filter.is === 'or'
      return truths.includes(decides) ? decides : truths.includes(null) ? null : !decides
    }
    case 'present': {
      const embed = embedsOf(query).find(({ alias }) => alias === filter.embed)
      if (!embed) throw new Error(`no embed ${filter.embed}`)
      return embedded(setting, query, row, embed).length === 0
    }
    case 'null':
      return valueAt(row, filter.spot) === null
    case 'in': {
      const value = valueAt(row, filter.spot)
      return value === null ? null : filter.values.includes(value as string | number)
    }
    case 'compare': {
      const value = valueAt(row, filter.spot)
      if (filter.operator === 'isdistinct') return value !== filter.value
      if (value === null) return null
      if (filter.operator === 'like') return String(value).startsWith(String(filter.value))
      return OPERATORS[filter.operator](compareValues(value, filter.value))
    }
  }
}

const OPERATORS = {
  eq: (order: number): boolean => order === 0,
  neq: (order: number): boolean => order !== 0,
  gt: (order: number): boolean => order > 0,
  gte: (order: number): boolean => order >= 0,
  lt: (order: number): boolean => order < 0,
  lte: (order: number): boolean => order <= 0,
} as const

export function valueAt(row: Seen, { field, key }: Spot): Value {
  const value = row[field] ?? null
  if (key === undefined) return value
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null
  const inner = (value as { readonly [key: string]: Json })[key] ?? null // an object, as tested
  return inner === null ? null : String(inner)
}

/** Sorted, what the order does not tell apart together. */
function rank(rows: readonly Seen[], query: Query, setting: Setting): readonly (readonly Seen[])[] {
  const keyed = rows.map((row) => ({ row, key: query.order.map((sorting) => sortValue(setting, query, row, sorting)) }))
  const compare = (a: readonly Value[], b: readonly Value[]): number => {
    for (const [index, sorting] of query.order.entries()) {
      const order = compareSorted(a[index] ?? null, b[index] ?? null, sorting)
      if (order !== 0) return order
    }
    return 0
  }
  const sorted = keyed.toSorted((a, b) => compare(a.key, b.key))
  const groups: { key: readonly Value[]; rows: Seen[] }[] = []
  for (const { row, key } of sorted) {
    const last = groups.at(-1)
    if (last && compare(last.key, key) === 0) last.rows.push(row)
    else groups.push({ key, rows: [row] })
  }
  return groups.map((group) => group.rows)
}

function sortValue(setting: Setting, query: Query, row: Seen, { spot, embed: alias }: Sorting): Value {
  if (alias === undefined) return valueAt(row, spot)
  const embed = embedsOf(query).find((one) => one.alias === alias)
  if (!embed) throw new Error(`no embed ${alias}`)
  const [other] = embedded(setting, query, row, embed)
  return other ? valueAt(other, spot) : null
}

function compareSorted(a: Value, b: Value, { down, nulls }: Sorting): number {
  if (a === null && b === null) return 0
  if (a === null || b === null) {
    const last = nulls === null ? !down : nulls === 'last'
    return (a === null) === last ? 1 : -1
  }
  const order = compareValues(a, b)
  return down ? -order : order
}

function project(setting: Setting, query: Query, row: Seen): Shown {
  const shown: Record<string, Json | Nested | Shown> = {}
  for (const item of query.select) {
    if (item.is === 'all') {
      for (const field of visibleFields(setting, query.entity)) shown[field] = row[field] ?? null
    } else if (item.is === 'field') shown[item.alias] = valueAt(row, item.spot)
    else if (item.is === 'embed') shown[item.alias] = projectEmbed(setting, query, row, item)
  }
  return shown
}

function projectEmbed(setting: Setting, query: Query, row: Seen, embed: Embed): Nested | Shown | null {
  const rows = new Nested(answerRows(setting, embed.query, embedded(setting, query, row, embed)))
  if (relationOf(query.entity, embed.relation).many) return rows
  return rows.rows.flat()[0] ?? null
}

/** Groups by the plain fields; without any, one group even of no rows. */
function aggregate({ select }: Query, rows: readonly Seen[]): Ranked {
  const plain = select.filter((item) => item.is === 'field')
  const groups = new Map<string, Seen[]>()
  if (plain.length === 0) groups.set('', [])
  for (const row of rows) {
    const key = plain.length === 0 ? '' : JSON.stringify(plain.map(({ spot }) => valueAt(row, spot)))
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return [[...groups.values()].map((group) => Object.fromEntries(select.map((item) => aggregated(item, group))))]
}

function aggregated(item: Picked, rows: readonly Seen[]): readonly [string, Json] {
  if (item.is === 'field') return [item.alias, rows[0] ? valueAt(rows[0], item.spot) : null]
  if (item.is !== 'aggregate') throw new Error(`${item.is} beside an aggregate`)
  const { field } = item
  if (field === null) return [item.alias, rows.length]
  const values = rows.map((row) => row[field] ?? null).filter((value) => value !== null)
  return [item.alias, AGGREGATES[item.name](values)]
}

const AGGREGATES: Readonly<Record<AggregateName, (values: readonly Json[]) => Json>> = {
  count: (values) => values.length,
  sum: (values) => (values.length === 0 ? null : values.reduce<number>((sum, value) => sum + Number(value), 0)),
  min: (values) => values.toSorted(compareValues)[0] ?? null,
  max: (values) => values.toSorted(compareValues).at(-1) ?? null,
}
