/** An expression → a JS function, made of closures: Workers compile no text. */
import type { Expression, ExpressionType, VariableName } from '../contracts/expression.ts'
import type { Json } from '../contracts/json.ts'
import { invariant } from '../errors/invariant.ts'
import { patternMatcher } from '../patterns/pattern-matcher.ts'
import { compareOf } from './compare-values.ts'
import { conversionCall, partCall } from './js-conversion-calls.ts'
import { type Apply, NUMBER_CALLS } from './js-number-calls.ts'
import { TEXT_CALLS } from './js-text-calls.ts'
import { fromJson, readText } from './read-value.ts'
import { asInt, asJson, asList, type Value } from './value.ts'

/** A row as the API's JSON has it. */
export type JsRow = Readonly<Record<string, Json>>

/** What an expression may ask for; what is absent reads as null, as no rows, or as unchanged. */
export interface JsEnvironment {
  /** The row in question. */
  readonly row?: JsRow | null
  /** What the client gave for a write. */
  readonly input?: JsRow | null
  readonly changed?: (field: string) => boolean
  readonly variables?: Readonly<Partial<Record<VariableName, Json>>>
  /** The one row that a to-one relation leads to. */
  readonly related?: (relation: string) => JsRow | null
  readonly rows?: (relation: string) => readonly JsRow[]
  /** Microseconds since 1970; the present unless given. */
  readonly now?: bigint
}

interface Frame {
  readonly environment: JsEnvironment
  readonly now: bigint
  readonly bound: Bound | null
}

/** What quantifiers around a place have named, innermost first. */
interface Bound {
  readonly name: string
  readonly element?: Value
  readonly row?: JsRow
  readonly outer: Bound | null
}

type Evaluate = (frame: Frame) => Value

/**
 * Makes a function of an expression; call it once and keep what it gives.
 *
 * @returns the value, in the forms that `Value` says.
 * @throws ExpressionError, from the function, where Postgres would end in an error.
 * @example toJs(compileExpression("status == 'lead'", context).tree)({ row: { status: 'lead' } }) // true
 */
export function toJs(tree: Expression): (environment: JsEnvironment) => Value {
  const evaluate = compile(tree)
  return (environment) => {
    const now = environment.now ?? BigInt(Date.now()) * 1000n
    return evaluate({ environment, now, bound: null })
  }
}

function compile(tree: Expression): Evaluate {
  switch (tree.node) {
    case 'literal': {
      const value = tree.text === null ? null : literalValue(tree.type, tree.text)
      return () => value
    }
    case 'list': {
      const items = tree.items.map((item) => compile(item))
      return (frame) => items.map((item) => item(frame))
    }
    case 'field':
      return compileField(tree.type, tree.field, tree.row)
    case 'related':
      return ({ environment }) => read(tree.type, environment.related?.(tree.relation), tree.field)
    case 'variable':
      return ({ environment }) => readVariable(tree.type, environment.variables?.[tree.name])
    case 'input':
      return ({ environment }) => read(tree.type, environment.input, tree.field)
    case 'changed':
      return ({ environment }) => environment.changed?.(tree.field) ?? false
    case 'element':
      return ({ bound }) => find(bound, tree.name).element ?? null
    case 'relation':
      return compileRelation(tree)
    case 'each':
      return compileEach(tree)
    case 'call':
      return compileCall(tree)
  }
}

/** Lists are made of literals; only scalars stand as text. */
function literalValue(type: ExpressionType, text: string): Value {
  return readText(type as Exclude<ExpressionType, `list(${string})`>, text)
}

function compileField(type: ExpressionType, field: string, row: string | undefined): Evaluate {
  if (row === undefined) return ({ environment }) => read(type, environment.row, field)
  return ({ bound }) => read(type, find(bound, row).row, field)
}

/** Own properties alone, so that no name reaches what every object inherits. */
function read(type: ExpressionType, row: JsRow | null | undefined, field: string): Value {
  return row && Object.hasOwn(row, field) ? fromJson(type, row[field]) : null
}

/** A text that is no uuid is null where a uuid is asked for. */
function readVariable(type: ExpressionType, value: Json | undefined): Value {
  return type === 'uuid' && typeof value === 'string' ? readText('uuid', value) : fromJson(type, value)
}

function find(bound: Bound | null, name: string): Bound {
  let place = bound
  while (place !== null && place.name !== name) place = place.outer
  invariant(place, `nothing is called ${name} here`)
  return place
}

function compileRelation(tree: Extract<Expression, { node: 'relation' }>): Evaluate {
  const where = compile(tree.where)
  return (frame) => {
    const rows = frame.environment.rows?.(tree.relation) ?? []
    const holds = (row: JsRow): boolean =>
      where({ ...frame, bound: { name: tree.row, row, outer: frame.bound } }) === true
    return tree.quantifier === 'exists' ? rows.some(holds) : rows.every(holds)
  }
}

function compileEach(tree: Extract<Expression, { node: 'each' }>): Evaluate {
  const list = compile(tree.list)
  const where = compile(tree.where)
  return (frame) => {
    const elements = list(frame)
    if (elements === null) return null
    const holds = (element: Value): boolean =>
      where({ ...frame, bound: { name: tree.name, element, outer: frame.bound } }) === true
    if (tree.quantifier === 'exists_one') return asList(elements).filter(holds).length === 1
    return tree.quantifier === 'exists' ? asList(elements).some(holds) : asList(elements).every(holds)
  }
}

type Call = Extract<Expression, { node: 'call' }>

/** Calls that look at nulls, or do not look at all operands. */
function compileCall(tree: Call): Evaluate {
  const args = tree.args.map((arg) => compile(arg))
  const [first = nothing, second = nothing, third = nothing] = args
  switch (tree.call) {
    case '&&':
      return compileLogic(args, false)
    case '||':
      return compileLogic(args, true)
    case '?:':
      return (frame) => (first(frame) === true ? second(frame) : third(frame))
    case 'coalesce':
      return (frame) => {
        let value: Value = null
        for (let at = 0; at < args.length && value === null; at++) value = args[at]?.(frame) ?? null
        return value
      }
    case 'isNull':
      return (frame) => first(frame) === null
    case 'isNotNull':
      return (frame) => first(frame) !== null
    case 'now':
      return (frame) => frame.now
    case 'in':
      return compileIn(first, second, tree.args[0]?.type ?? 'null')
    case 'greatest':
    case 'least':
      return compileExtreme(args, tree.type, tree.call === 'greatest' ? 1 : -1)
    default:
      return compileStrict(args, applyOf(tree))
  }
}

const nothing: Evaluate = () => null

/** From left to right, until one decides. */
function compileLogic(args: readonly Evaluate[], decides: boolean): Evaluate {
  return (frame) => {
    let result: boolean | null = !decides
    for (const arg of args) {
      const value = arg(frame)
      if (value === decides) return decides
      if (value === null) result = null
    }
    return result
  }
}

function compileIn(needle: Evaluate, haystack: Evaluate, type: ExpressionType): Evaluate {
  const compare = compareOf(type)
  return (frame) => {
    const value = needle(frame)
    const list = haystack(frame)
    if (list === null) return null
    const items = asList(list)
    if (items.length === 0) return false
    if (value === null) return null
    if (items.some((item) => item !== null && compare(value, item) === 0)) return true
    return items.includes(null) ? null : false
  }
}

/** Nulls do not count, as in Postgres. */
function compileExtreme(args: readonly Evaluate[], type: ExpressionType, sign: 1 | -1): Evaluate {
  const compare = compareOf(type)
  return (frame) => {
    let best: Value = null
    for (const value of args.map((arg) => arg(frame))) {
      if (value !== null && (best === null || compare(value, best) * sign > 0)) best = value
    }
    return best
  }
}

/** All operands are worked out, then one that is null makes the whole null. */
function compileStrict(args: readonly Evaluate[], apply: Apply): Evaluate {
  return (frame) => {
    const values = args.map((arg) => arg(frame))
    return values.includes(null) ? null : apply(values)
  }
}

function applyOf(tree: Call): Apply {
  const [first, second] = tree.args
  const type = first?.type ?? 'null'
  const compared = COMPARISONS[tree.call]
  if (compared) {
    const compare = compareOf(type)
    return ([a = null, b = null]) => compared(compare(a, b))
  }
  if (tree.call === 'matches') {
    invariant(second?.node === 'literal' && second.text !== null, '`matches` without a pattern')
    const test = patternMatcher(second.text)
    return ([text]) => test(String(text))
  }
  const scalar = type as Exclude<ExpressionType, `list(${string})`> // no list is in that table
  const apply =
    OTHER_CALLS[tree.call] ??
    NUMBER_CALLS[tree.call]?.[scalar] ??
    TEXT_CALLS[tree.call] ??
    partCall(tree.call, type) ??
    conversionCall(tree.call, type)
  invariant(apply, `no ${tree.call} of ${type} in JS`)
  return apply
}

const COMPARISONS: Readonly<Partial<Record<string, (order: number) => boolean>>> = {
  '==': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
}

const OTHER_CALLS: Readonly<Partial<Record<string, Apply>>> = {
  '!': ([value]) => value !== true,
  index: ([from = null, place = null]) => {
    if (typeof place === 'bigint' && Array.isArray(from)) return from[Number(asInt(place))] ?? null
    const json = asJson(from)
    if (typeof place !== 'string' || typeof json !== 'object' || json === null || Array.isArray(json)) return null
    return Object.hasOwn(json, place) ? ((json as JsRow)[place] ?? null) : null // neither null nor an array
  },
}
