/** Operators: what their operands may be, and what they come to. */
import type { CallName, Expression, ExpressionType } from '../contracts/expression.ts'
import { elementOf } from '../expression/compare-values.ts'
import { mayRaise } from '../expression/may-raise.ts'
import { didYouMean } from '../language/nearest-name.ts'
import type { Checked, Checker } from './checker.ts'
import { commonOf, commonType, convert, convertJson, isNull, isNumber } from './convert.ts'
import { isConstant, makeCall } from './make-call.ts'
import type { Syntax } from './parse.ts'

type Operator = Extract<Syntax, { kind: 'operator' }>

const ORDERED: readonly ExpressionType[] = [
  ...(['int', 'decimal', 'double', 'string', 'uuid', 'date', 'time', 'timestamp', 'duration', 'bytes'] as const),
]

export function checkOperator(checker: Checker, { name, args, at }: Operator): Checked {
  if (name === 'index') return checkIndex(checker, args, at)
  const operands = args.map((arg) => checker.check(arg))
  const [a, b] = operands
  if (!a) return checker.fail('EXPRESSION_SYNTAX', at, 'an operand is missing')
  switch (name) {
    case '&&':
    case '||':
    case '!':
      for (const operand of operands) expectBool(checker, operand, `\`${name}\``)
      return name === '!' ? makeCall(checker, name, operands, 'bool', at) : checkLogic(checker, name, operands, at)
    case '?:':
      expectBool(checker, a, '`?:`')
      return decide(checker, choose(checker, '?:', operands, 1, at))
    case 'negate':
      if (!isNumber(a.tree.type) || isNull(a.tree)) return mismatch(checker, '-', operands, at)
      return makeCall(checker, 'negate', operands, a.tree.type, at)
  }
  if (!b) return checker.fail('EXPRESSION_SYNTAX', at, 'an operand is missing')
  if (name === '==' || name === '!=') return checkEquality(checker, name, a, b, at)
  if (name === 'in') return checkIn(checker, a, b, at)
  if (name === '<' || name === '<=' || name === '>' || name === '>=') return checkOrder(checker, name, a, b, at)
  return checkArithmetic(checker, name, a, b, at)
}

/** @throws ExpressionProblem where it is none. */
export function expectBool(checker: Checker, { tree, at }: Checked, place: string): void {
  if (tree.type === 'bool' && !isNull(tree)) return
  const found = isNull(tree) ? 'null' : tree.type
  const hint = tree.type === 'json' ? 'write `bool(…)` around it' : 'compare it with something'
  checker.fail('TYPE_MISMATCH', at, `${place} takes bool, found ${found}`, hint)
}

/**
 * Constants are taken out here, as Postgres' planner would: it takes what is certainly null for the whole, and works nothing
 * else out, not even what raises.
 */
function checkLogic(checker: Checker, call: '&&' | '||', operands: readonly Checked[], at: number): Checked {
  const decides = call === '&&' ? 'false' : 'true'
  const end = operands.findIndex(({ tree }) => tree.node === 'literal' && tree.text === decides)
  const reached = end < 0 ? operands : operands.slice(0, end + 1)
  const decision = operands[end]
  if (decision && !reached.some(({ tree }) => mayRaise(tree))) return { ...decision, at }
  const rest = reached.filter((operand) => operand === decision || operand.tree.node !== 'literal')
  const [only] = rest.length === 0 ? operands : rest
  return rest.length < 2 && only ? { ...only, at } : makeCall(checker, call, rest, 'bool', at)
}

/** Of a condition that is a constant only one alternative is left. */
function decide(checker: Checker, { tree, at }: Checked): Checked {
  if (tree.node !== 'call') return { tree, at }
  const [condition, then, otherwise] = tree.args
  if (condition?.node !== 'literal') return { tree, at }
  const chosen = condition.text === 'true' ? then : otherwise
  if (!chosen || isNull(chosen)) return checker.fail('ALWAYS_NULL', at, '`?:` of a constant is always null')
  return { tree: chosen, at }
}

/** Alternatives of one type, from the operand `first` on: of `?:` and `coalesce`. */
export function choose(
  checker: Checker,
  call: CallName,
  operands: readonly Checked[],
  first: number,
  at: number,
): Checked {
  const [head, ...rest] = operands.slice(first)
  if (!head) return checker.fail('EXPRESSION_SYNTAX', at, 'a value is missing')
  const common = commonOf([head, ...rest], 'value')
  if ('clash' in common) return mismatch(checker, call, common.clash, common.clash[1].at)
  const { type } = common
  if (type === 'null' || type === 'range') return checker.fail('TYPE_MISMATCH', at, `\`${call}\` has no value to give`)
  const converted = [head, ...rest].map(
    (value) => convertJson(checker, value, type) ?? mismatch(checker, call, [value], value.at),
  )
  if (call === 'coalesce') return checkCoalesce(checker, converted, type, at)
  return makeCall(checker, call, [...operands.slice(0, first), ...converted], type, at)
}

/** Nulls are left out, and what comes after a constant. */
function checkCoalesce(checker: Checker, values: readonly Checked[], type: ExpressionType, at: number): Checked {
  const present = values.filter(({ tree }) => !isNull(tree))
  const constant = present.findIndex(({ tree }) => isConstant(tree))
  const reached = constant < 0 ? present : present.slice(0, constant + 1)
  const [only] = reached
  return reached.length === 1 && only ? { ...only, at } : makeCall(checker, 'coalesce', reached, type, at)
}

function checkEquality(checker: Checker, name: '==' | '!=', a: Checked, b: Checked, at: number): Checked {
  if (isNull(a.tree) || isNull(b.tree)) {
    const tested = isNull(a.tree) ? b : a
    if (isNull(tested.tree)) return checker.fail('ALWAYS_TRUE', at, 'null is compared with null')
    return makeCall(checker, name === '==' ? 'isNull' : 'isNotNull', [tested], 'bool', at)
  }
  checkEnum(checker, a, b)
  checkEnum(checker, b, a)
  const type = commonType(a, b, 'json')
  if (type === null || type === 'range' || type === 'list(range)') return mismatch(checker, name, [a, b], at)
  return compare(checker, name, a, b, type, at)
}

function checkOrder(checker: Checker, name: CallName, a: Checked, b: Checked, at: number): Checked {
  const type = isNull(a.tree) || isNull(b.tree) ? null : commonType(a, b, 'value')
  if (type === null || !ORDERED.includes(type)) return mismatch(checker, name, [a, b], at)
  return compare(checker, name, a, b, type, at)
}

function compare(checker: Checker, call: CallName, a: Checked, b: Checked, type: ExpressionType, at: number): Checked {
  const [left, right] = [convertJson(checker, a, type), convertJson(checker, b, type)]
  if (!left || !right) return mismatch(checker, call, [a, b], at)
  return makeCall(checker, call, [left, right], 'bool', at)
}

function checkIn(checker: Checker, needle: Checked, haystack: Checked, at: number): Checked {
  const list = haystack.tree
  const element = elementOf(list.type)
  if (element === null || isNull(needle.tree)) {
    const hint = list.type === 'string' ? 'write `text.contains(part)`' : 'on its right stands a list'
    return mismatch(checker, 'in', [needle, haystack], at, hint)
  }
  if (list.node !== 'list') {
    checkEnum(checker, haystack, needle)
    const value = commonType(needle, { ...haystack, tree: { ...list, type: element } }, 'json') === element
    const converted = value ? convert(checker, needle, element) : null
    if (!converted || element === 'range') return mismatch(checker, 'in', [needle, haystack], at)
    return makeCall(checker, 'in', [converted, haystack], 'bool', at)
  }
  const items = list.items.map((tree): Checked => ({ tree, at: haystack.at }))
  for (const item of items) checkEnum(checker, needle, item)
  const common = commonOf([needle, ...items], 'json')
  if ('clash' in common) return mismatch(checker, 'in', [needle, haystack], at)
  const { type } = common
  if (type === 'range' || elementOf(type) !== null) return mismatch(checker, 'in', [needle, haystack], at)
  const become = (value: Checked): Checked =>
    convert(checker, value, type) ?? mismatch(checker, 'in', [needle, haystack], at)
  const value = become(needle)
  if (items.length === 0 && !mayRaise(value.tree)) return { tree: { node: 'literal', text: 'false', type: 'bool' }, at }
  const listType = `list(${type})` as ExpressionType // no list, as just tested
  const right: Expression = { node: 'list', items: items.map((item) => become(item).tree), type: listType }
  return makeCall(checker, 'in', [value, { tree: right, at: haystack.at }], 'bool', at)
}

/** A text that an enum can never be is a mistake. */
export function checkEnum(checker: Checker, { values }: Pick<Checked, 'values'>, { tree, at }: Checked): void {
  if (!values || tree.node !== 'literal' || tree.type !== 'string' || values.includes(tree.text ?? '')) return
  const text = tree.text ?? ''
  const hint = didYouMean(text, values) ?? `it is one of ${values.slice(0, 20).join(', ')}`
  checker.fail('UNKNOWN_VALUE', at, `'${text.slice(0, 60)}' is no value of this enum`, hint)
}

function checkArithmetic(checker: Checker, name: string, a: Checked, b: Checked, at: number): Checked {
  const [left, right] = [a.tree.type, b.tree.type]
  const fail = (hint?: string): never => mismatch(checker, name, [a, b], at, hint)
  if (isNull(a.tree) || isNull(b.tree)) return fail()
  if (isNumber(left) && isNumber(right)) return checkNumbers(checker, name as CallName, a, b, at) // the operators left
  if (name === '+' && left === 'string' && right === 'string') return makeCall(checker, '+', [a, b], 'string', at)
  if (name === '+' || name === '-') {
    const moved = moveResult(name, left, right)
    if (moved === 'swapped') return makeCall(checker, '+', [b, a], 'timestamp', at)
    if (moved) return makeCall(checker, name, [a, b], moved, at)
  }
  if (left === 'json' || right === 'json') return fail('say what the JSON holds: `int(…)`, `decimal(…)`, `string(…)`')
  if (name === '+' && (left === 'string' || right === 'string')) return fail('write `string(…)` around the other')
  if (left === 'date' || right === 'date') return fail('write `timestamp(…)` around a date')
  return fail(elementOf(left) === null ? undefined : 'lists are not joined')
}

function moveResult(name: '+' | '-', left: ExpressionType, right: ExpressionType): ExpressionType | 'swapped' | null {
  if (left === 'timestamp' && right === 'duration') return 'timestamp'
  if (left === 'duration' && right === 'duration') return 'duration'
  if (name === '-' && left === 'timestamp' && right === 'timestamp') return 'duration'
  return name === '+' && left === 'duration' && right === 'timestamp' ? 'swapped' : null
}

function checkNumbers(checker: Checker, call: CallName, a: Checked, b: Checked, at: number): Checked {
  const type = commonType(a, b, 'value') ?? 'int'
  const [left, right] = [convert(checker, a, type), convert(checker, b, type)]
  if (!left || !right) return mismatch(checker, call, [a, b], at)
  if (call === '%' && type === 'double')
    return mismatch(checker, call, [a, b], at, 'write `decimal(…)` around a double')
  if ((call === '/' || call === '%') && right.tree.node === 'literal' && Number(right.tree.text) === 0) {
    return checker.fail('ALWAYS_FAILS', at, 'this always fails: division by zero')
  }
  return makeCall(checker, call, [left, right], type, at)
}

/** An element of a list, or what JSON has at a key or place. */
function checkIndex(checker: Checker, [of, by]: readonly Syntax[], at: number): Checked {
  if (!of || !by) return checker.fail('EXPRESSION_SYNTAX', at, 'an index is missing')
  const [from, place] = [checker.check(of), checker.check(by)]
  const element = elementOf(from.tree.type)
  const isKey = from.tree.type === 'json' && place.tree.type === 'string'
  if (element === null && from.tree.type !== 'json') {
    const hint = from.tree.type === 'string' ? 'write `text.charAt(0)` or `text.substring(0, 1)`' : undefined
    return checker.fail('TYPE_MISMATCH', at, `\`[…]\` takes a list or json, found ${from.tree.type}`, hint)
  }
  if (place.tree.node !== 'literal' || place.tree.text === null || (place.tree.type !== 'int' && !isKey)) {
    const kinds = from.tree.type === 'json' ? 'a whole number or a text' : 'a whole number'
    return checker.fail('NOT_A_LITERAL', place.at, `an index is ${kinds}, written as it is`)
  }
  const number = isKey ? 0 : Number(place.tree.text)
  if (number < 0 || number > 2 ** 31 - 2) {
    return checker.fail('BAD_LITERAL', place.at, 'an index counts from 0', 'there is no counting from the end')
  }
  return makeCall(checker, 'index', [from, place], element ?? 'json', at)
}

/** @throws ExpressionProblem, always. */
export function mismatch(
  checker: Checker,
  name: string,
  operands: readonly Checked[],
  at: number,
  hint?: string,
): never {
  const found = operands.map(({ tree }) => (isNull(tree) ? 'null' : tree.type)).join(' and ')
  const nulls = operands.some(({ tree }) => isNull(tree)) ? 'test for null with `== null` or `!= null`' : undefined
  return checker.fail('TYPE_MISMATCH', at, `\`${name}\` does not go with ${found}`, hint ?? nulls)
}
