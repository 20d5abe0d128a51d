/** Conditions as data: written as a query string for the product, judged in three-valued logic for the model. */

export type Value = string | number | null
export type Row = Readonly<Record<string, Value>>
/** True, false or unknown. */
export type Truth = boolean | null

export interface Group {
  readonly kind: 'and' | 'or'
  readonly not: boolean
  readonly items: readonly Condition[]
}

export type Condition =
  | Group
  | {
      readonly kind: 'compare'
      readonly not: boolean
      readonly field: string
      readonly operator: Operator
      readonly value: string | number
    }
  | {
      readonly kind: 'in'
      readonly not: boolean
      readonly field: string
      readonly values: readonly (string | number)[]
    }
  | { readonly kind: 'null'; readonly not: boolean; readonly field: string }

export type Operator = 'eq' | 'neq' | 'gt' | 'gte' | 'lt' | 'lte' | 'isdistinct' | 'like'

export const ALL: Condition = { kind: 'and', not: false, items: [] }

export function holds(condition: Condition, row: Row): Truth {
  const plain = judge(condition, row)
  return condition.not && plain !== null ? !plain : plain
}

function judge(condition: Condition, row: Row): Truth {
  if (isGroup(condition)) {
    const truths = condition.items.map((item) => holds(item, row))
    const decisive = condition.kind === 'or'
    if (truths.includes(decisive)) return decisive
    return truths.includes(null) ? null : !decisive
  }
  const value = row[condition.field] ?? null
  if (condition.kind === 'null') return value === null
  if (condition.kind === 'compare' && condition.operator === 'isdistinct') return value !== condition.value
  if (value === null) return null
  if (condition.kind === 'in') return condition.values.includes(value)
  return OPERATORS[condition.operator](value, condition.value)
}

const OPERATORS: Readonly<Record<Operator, (a: string | number, b: string | number) => boolean>> = {
  eq: (a, b) => a === b,
  neq: (a, b) => a !== b,
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
  isdistinct: (a, b) => a !== b,
  like: (a, b) => String(a).startsWith(String(b)),
}

/** Parameters of a query string; `prefix` is the embed that they belong to. */
export function toParameters(condition: Condition, prefix = ''): readonly string[] {
  if (condition.kind === 'and' && !condition.not) return condition.items.map((item) => parameter(item, prefix))
  return [parameter(condition, prefix)]
}

function parameter(condition: Condition, prefix: string): string {
  const not = condition.not ? 'not.' : ''
  if (isGroup(condition)) return `${prefix}${not}${condition.kind}=(${condition.items.map(inside).join()})`
  return `${prefix}${condition.field}=${not}${operation(condition)}`
}

function inside(condition: Condition): string {
  const not = condition.not ? 'not.' : ''
  if (isGroup(condition)) return `${not}${condition.kind}(${condition.items.map(inside).join()})`
  return `${condition.field}.${not}${operation(condition)}`
}

function operation(condition: Exclude<Condition, Group>): string {
  if (condition.kind === 'null') return 'is.null'
  if (condition.kind === 'in') return `in.(${condition.values.join()})`
  return `${condition.operator}.${condition.value}${condition.operator === 'like' ? '*' : ''}`
}

function isGroup(condition: Condition): condition is Group {
  return condition.kind === 'and' || condition.kind === 'or'
}
