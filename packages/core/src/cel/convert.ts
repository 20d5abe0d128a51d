/** How expressions of two types meet: which one both become, and the conversion. */
import type { CallName, Expression, ExpressionType, ScalarType } from '../contracts/expression.ts'
import { elementOf } from '../expression/compare-values.ts'
import { readText, writeText } from '../expression/read-value.ts'
import type { Checked, Checker } from './checker.ts'
import { makeCall } from './make-call.ts'

const NUMBERS: readonly ExpressionType[] = ['int', 'decimal', 'double']
const IN_JSON: readonly ExpressionType[] = ['string', 'int', 'decimal', 'double', 'bool']

/** Types whose values may be written as a text, and an example of one. */
const WRITTEN_AS_TEXT: Readonly<Partial<Record<ExpressionType, string>>> = {
  uuid: '018f0000-0000-7000-8000-000000000001',
  date: '2026-01-31',
  time: '17:30:00',
  timestamp: '2026-01-31T17:30:00Z',
  duration: 'P1DT12H` or `36h',
  decimal: '12.50',
}

export function isNumber(type: ExpressionType): boolean {
  return NUMBERS.includes(type)
}

export function isLiteral({ node }: Expression): boolean {
  return node === 'literal'
}

export function isNull(tree: Expression): boolean {
  return tree.node === 'literal' && tree.text === null
}

/**
 * The type that both become; null where there is none.
 *
 * @param json what a value beside JSON becomes: JSON itself, where equality is asked for, or the JSON becomes a value.
 */
export function commonType(a: Checked, b: Checked, json: 'json' | 'value'): ExpressionType | null {
  return reach(a, b, json) ?? reach(b, a, json)
}

/** The type that all become, or two that do not go together. `values` holds one or more. */
export function commonOf(
  values: readonly [Checked, ...Checked[]],
  json: 'json' | 'value',
): { readonly type: ExpressionType } | { readonly clash: readonly [Checked, Checked] } {
  let [common] = values
  for (const value of values) {
    const type = commonType(common, value, json)
    if (type === null) return { clash: [common, value] }
    const fits = [common, value].filter(({ tree }) => tree.type === type)
    common = fits.find(({ tree }) => !isLiteral(tree)) ??
      fits[0] ?? { at: value.at, tree: { node: 'list', items: [], type } }
  }
  return { type: common.tree.type }
}

/** The type of `b` where `a` can become one, and the like. */
function reach({ tree: from }: Checked, { tree: to }: Checked, json: 'json' | 'value'): ExpressionType | null {
  if (from.type === to.type || isNull(from)) return to.type
  if (isNumber(from.type) && isNumber(to.type)) {
    return NUMBERS[Math.max(NUMBERS.indexOf(from.type), NUMBERS.indexOf(to.type))] ?? null
  }
  if (from.type === 'date' && to.type === 'timestamp') return 'timestamp'
  if (from.type === 'string' && to.type === 'uuid') return 'uuid'
  if (from.type === 'string' && isLiteral(from) && to.type in WRITTEN_AS_TEXT) return to.type
  if (to.type === 'json' && IN_JSON.includes(from.type)) {
    // A number in JSON may have decimals that an int would lose.
    return json === 'json' ? 'json' : from.type === 'int' ? 'decimal' : from.type
  }
  if (from.node === 'list' && elementOf(to.type) !== null) return to.type
  return null
}

/**
 * The expression as one of `type`; null where it cannot become one by itself.
 *
 * @throws ExpressionProblem (`BAD_LITERAL`) where a text is no value of the type.
 */
export function convert(checker: Checker, value: Checked, type: ExpressionType): Checked | null {
  const { tree, at } = value
  if (tree.type === type) return value
  if (isNull(tree)) return { tree: { node: 'literal', text: null, type }, at }
  if (tree.node === 'list') return convertItems(checker, value, type)
  const call = (name: CallName): Checked => makeCall(checker, name, [value], type, at)
  if (tree.type === 'int' && (type === 'decimal' || type === 'double')) return widen(value, type)
  if (tree.type === 'decimal' && type === 'double') return widen(value, type)
  if (tree.type === 'date' && type === 'timestamp') return call('timestamp')
  if (tree.type === 'string' && tree.node === 'literal' && type in WRITTEN_AS_TEXT) {
    return readLiteral(checker, value, tree.text ?? '', type as ScalarType) // the keys of that record are scalar
  }
  if (tree.type === 'string' && type === 'uuid') {
    return tree.node === 'variable' ? { tree: { ...tree, type: 'uuid' }, at } : call('uuid')
  }
  if (type === 'json' && IN_JSON.includes(tree.type)) return tree.node === 'literal' ? asJson(value) : call('json')
  return null

  function widen(number: Checked, to: 'decimal' | 'double'): Checked {
    if (number.tree.node !== 'literal' || number.tree.text === null) return call(to)
    const text = to === 'decimal' ? number.tree.text : String(Number(number.tree.text))
    if (text.includes('Infinity')) checker.fail('BAD_LITERAL', at, 'the number is too large for a double')
    return { tree: { node: 'literal', text, type: to }, at }
  }
}

/** As `convert`, and JSON becomes a value: null where it holds one of another type. */
export function convertJson(checker: Checker, value: Checked, type: ExpressionType): Checked | null {
  if (value.tree.type !== 'json' || !IN_JSON.includes(type)) return convert(checker, value, type)
  return makeCall(checker, type as CallName, [value], type, value.at) // every type in JSON is the name of its conversion
}

function convertItems(checker: Checker, { tree, at }: Checked, type: ExpressionType): Checked | null {
  const element = elementOf(type)
  if (tree.node !== 'list' || element === null) return null
  const items = tree.items.map((item) => convert(checker, { tree: item, at }, element)?.tree)
  return items.every((item) => item !== undefined) ? { tree: { node: 'list', items, type }, at } : null
}

/** A text where a value of another type is meant, checked here and written as Postgres reads it best. */
export function readLiteral(checker: Checker, { at }: Checked, text: string, type: ScalarType): Checked {
  const value = readText(type, text)
  if (value !== null) return { tree: { node: 'literal', text: writeText(type, value), type }, at }
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
  return checker.fail('BAD_LITERAL', at, `expected a ${type} such as \`${WRITTEN_AS_TEXT[type]}\`, found '${shown}'`)
}

/** A number keeps its digits. */
function asJson({ tree, at }: Checked): Checked {
  const text = tree.node === 'literal' ? (tree.text ?? 'null') : 'null'
  return { tree: { node: 'literal', text: tree.type === 'string' ? JSON.stringify(text) : text, type: 'json' }, at }
}
