/** A question as data: what is asked of an entity, and how it is written in a URL. */
import type { EntityName } from './world.ts'

/** A field, or the text that stands at a key of a JSON field. */
export interface Spot {
  readonly field: string
  readonly key?: string
}

export type Operator = 'eq' | 'neq' | 'gt' | 'gte' | 'lt' | 'lte' | 'like' | 'isdistinct'

export interface Group {
  readonly is: 'and' | 'or'
  readonly not: boolean
  readonly items: readonly Filter[]
}

export type Filter =
  | Group
  | {
      readonly is: 'compare'
      readonly not: boolean
      readonly spot: Spot
      readonly operator: Operator
      readonly value: string | number | boolean
    }
  | { readonly is: 'in'; readonly not: boolean; readonly spot: Spot; readonly values: readonly (string | number)[] }
  | { readonly is: 'null'; readonly not: boolean; readonly spot: Spot }
  /** Whether an embed has rows. */
  | { readonly is: 'present'; readonly not: boolean; readonly embed: string }

export type AggregateName = 'count' | 'sum' | 'min' | 'max'

export type Picked =
  | { readonly is: 'all' }
  | { readonly is: 'field'; readonly spot: Spot; readonly alias: string }
  | { readonly is: 'aggregate'; readonly name: AggregateName; readonly field: string | null; readonly alias: string }
  | Embed

export interface Embed {
  readonly is: 'embed'
  readonly relation: string
  readonly alias: string
  readonly inner: boolean
  readonly query: Query
}

export interface Sorting {
  readonly spot: Spot
  /** The alias of a to-one embed whose field it is. */
  readonly embed?: string
  readonly down: boolean
  readonly nulls: 'first' | 'last' | null
}

export interface Query {
  readonly entity: EntityName
  readonly select: readonly Picked[]
  readonly where: readonly Filter[]
  readonly order: readonly Sorting[]
  readonly limit: number | null
  readonly offset: number
}

export function isGroup(filter: Filter): filter is Group {
  return filter.is === 'and' || filter.is === 'or'
}

export function embedsOf({ select }: Query): readonly Embed[] {
  return select.filter((item) => item.is === 'embed')
}

/** @returns the parameters of a query string, not yet escaped. */
export function toParameters(
  query: Query,
  parts: 'all' | 'filters' | 'answer' = 'all',
): readonly (readonly [string, string])[] {
  const filters = query.where.map((filter) => filterParameter(filter, ''))
  if (parts === 'filters') return filters
  const answered: (readonly [string, string])[] = [
    ['select', selectText(query)],
    ...orderParameters(query, ''),
    ...embedsOf(query).flatMap((embed) => embedParameters(embed, '')),
  ]
  if (parts === 'answer') return answered
  return [
    ...answered,
    ...filters,
    ...(query.limit === null ? [] : [['limit', String(query.limit)] as const]),
    ...(query.offset === 0 ? [] : [['offset', String(query.offset)] as const]),
  ]
}

function embedParameters(embed: Embed, prefix: string): readonly (readonly [string, string])[] {
  const path = `${prefix}${embed.alias}.`
  return [
    ...embed.query.where.map((filter) => filterParameter(filter, path)),
    ...orderParameters(embed.query, path),
    ...embedsOf(embed.query).flatMap((inner) => embedParameters(inner, path)),
  ]
}

function selectText({ select }: Query): string {
  return select.map(pickedText).join()
}

function pickedText(item: Picked): string {
  switch (item.is) {
    case 'all':
      return '*'
    case 'field':
      return `${item.alias}:${spotText(item.spot)}`
    case 'aggregate':
      return `${item.alias}:${item.field === null ? '' : `${item.field}.`}${item.name}()`
    case 'embed':
      return `${item.alias}:${item.relation}${item.inner ? '!inner' : ''}(${selectText(item.query)})`
  }
}

export function spotText({ field, key }: Spot): string {
  return key === undefined ? field : `${field}->>${key}`
}

function orderParameters({ order }: Query, prefix: string): readonly (readonly [string, string])[] {
  if (order.length === 0) return []
  const parts = order.map(({ spot, embed, down, nulls }) => {
    const place = embed === undefined ? spotText(spot) : `${embed}(${spotText(spot)})`
    return `${place}.${down ? 'desc' : 'asc'}${nulls ? `.nulls${nulls}` : ''}`
  })
  return [[`${prefix}order`, parts.join()]]
}

function filterParameter(filter: Filter, prefix: string): readonly [string, string] {
  if (isGroup(filter)) {
    return [`${prefix}${filter.not ? 'not.' : ''}${filter.is}`, `(${filter.items.map(inside).join()})`]
  }
  if (filter.is === 'present') return [`${prefix}${filter.embed}`, `${filter.not ? 'not.' : ''}is.null`]
  return [`${prefix}${spotText(filter.spot)}`, `${filter.not ? 'not.' : ''}${operation(filter)}`]
}

function inside(filter: Filter): string {
  const not = filter.not ? 'not.' : ''
  if (isGroup(filter)) return `${not}${filter.is}(${filter.items.map(inside).join()})`
  if (filter.is === 'present') return `${filter.embed}.${not}is.null`
  return `${spotText(filter.spot)}.${not}${operation(filter)}`
}

function operation(filter: Extract<Filter, { is: 'compare' | 'in' | 'null' }>): string {
  if (filter.is === 'null') return 'is.null'
  if (filter.is === 'in') return `in.(${filter.values.join()})`
  return `${filter.operator}.${filter.value}${filter.operator === 'like' ? '*' : ''}`
}
