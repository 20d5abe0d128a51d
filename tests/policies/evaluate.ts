/** Judges an expression of a rule as SQL would: three truths, and nulls that spread. Rules see raw rows. */
import type { Comparison, Expression } from './expression.ts'
import {
  type EntityName,
  type Field,
  fieldOf,
  type Json,
  type Row,
  rawValue,
  relationOf,
  type Tables,
} from './world.ts'

export interface Caller {
  readonly id: string
  readonly kind: 'user' | 'anonymous'
  /** As they are held: neither what they inherit, nor without those that nobody declared. */
  readonly roles: readonly string[]
}

/** Where an expression is judged. */
export interface Place {
  readonly tables: Tables
  readonly tenant: { readonly id: string; readonly slug: string }
  readonly caller: Caller
  readonly entity: EntityName
  readonly row: Row
  /** Rows that enclosing quantifiers have named. */
  readonly named?: Readonly<Record<string, { readonly entity: EntityName; readonly row: Row }>>
}

export type Truth = boolean | null

/** @throws where the expression is no condition. */
export function judge(expression: Expression, place: Place): Truth {
  const value = evaluate(expression, place)
  if (value === null || typeof value === 'boolean') return value
  throw new Error(`a condition that comes to ${JSON.stringify(value)}`)
}

function evaluate(expression: Expression, place: Place): Json {
  switch (expression.is) {
    case 'literal':
      return expression.value
    case 'field':
    case 'related':
      return read(expression, place)
    case 'caller':
      return place.caller[expression.part]
    case 'tenant':
      return place.tenant[expression.part]
    case 'role':
      return place.caller.roles.includes(expression.role)
    case 'compare':
      return compare(expression, place)
    case 'null':
      return (evaluate(expression.a, place) === null) !== expression.not
    case 'in': {
      const value = evaluate(expression.a, place)
      return value === null ? null : expression.values.some((item) => item === value)
    }
    case 'and':
    case 'or':
      return logic(
        expression.items.map((item) => judge(item, place)),
        expression.is === 'or',
      )
    case 'not': {
      const truth = judge(expression.a, place)
      return truth === null ? null : !truth
    }
    case 'exists':
    case 'all':
      return quantify(expression, place)
    case 'choose':
      return evaluate(judge(expression.condition, place) === true ? expression.a : expression.b, place)
    case 'coalesce':
      return evaluate(expression.a, place) ?? evaluate(expression.b, place)
    default:
      return combine(expression, place)
  }
}

function read(expression: Extract<Expression, { is: 'field' | 'related' }>, place: Place): Json {
  if (expression.is === 'field') {
    const named = expression.row === undefined ? place : place.named?.[expression.row]
    if (!named) throw new Error(`no row is called ${expression.row}`)
    return rawValue(place.tables, named.entity, named.row, expression.field)
  }
  const relation = relationOf(place.entity, expression.relation)
  const from = place.row[relation.here] ?? null
  const other = place.tables[relation.to].find((row) => from !== null && row[relation.there] === from)
  return other ? rawValue(place.tables, relation.to, other, expression.field) : null
}

function logic(truths: readonly Truth[], decides: boolean): Truth {
  if (truths.includes(decides)) return decides
  return truths.includes(null) ? null : !decides
}

function quantify(
  { is, relation: name, row: called, where }: Extract<Expression, { is: 'exists' | 'all' }>,
  place: Place,
): boolean {
  const relation = relationOf(place.entity, name)
  const from = place.row[relation.here] ?? null
  const rows = place.tables[relation.to].filter((row) => from !== null && row[relation.there] === from)
  const holds = (row: Row): boolean =>
    judge(where, { ...place, named: { ...place.named, [called]: { entity: relation.to, row } } }) === true
  return is === 'exists' ? rows.some(holds) : rows.every(holds)
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function compare({ operator, a, b }: Extract<Expression, { is: 'compare' }>, place: Place): Truth {
  let [left, right] = [evaluate(a, place), evaluate(b, place)]
  // A text that is compared with a uuid and is none counts as null.
  if (isUuid(a, place) && !UUID.test(String(right))) right = null
  if (isUuid(b, place) && !UUID.test(String(left))) left = null
  if (left === null || right === null) return null
  return COMPARISONS[operator](order(left, right))
}

function isUuid(expression: Expression, place: Place): boolean {
  if (expression.is !== 'field' && expression.is !== 'related') return false
  return fieldFor(expression, place).type === 'uuid'
}

function fieldFor(expression: Extract<Expression, { is: 'field' | 'related' }>, place: Place): Field {
  if (expression.is === 'related') return fieldOf(relationOf(place.entity, expression.relation).to, expression.field)
  const named = expression.row === undefined ? place : place.named?.[expression.row]
  return fieldOf(named?.entity ?? place.entity, expression.field)
}

const COMPARISONS: Readonly<Record<Comparison, (order: number) => boolean>> = {
  '==': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
}

/** Numbers by size, texts by their bytes (all of them are ASCII here), false before true. */
export function order(a: Json, b: Json): number {
  if (typeof a !== typeof b || a === null || b === null || typeof a === 'object') {
    throw new Error(`${JSON.stringify(a)} and ${JSON.stringify(b)} have no order`)
  }
  return a === b ? 0 : a < (b as typeof a) ? -1 : 1 // of one type, as tested
}

function combine(expression: Extract<Expression, { is: 'add' | 'starts' }>, place: Place): Json {
  const a = evaluate(expression.a, place)
  if (a === null) return null
  if (expression.is === 'starts') return String(a).startsWith(expression.text)
  const b = evaluate(expression.b, place)
  return b === null ? null : Number(a) + Number(b)
}
