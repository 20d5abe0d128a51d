/** What a CHECK of one column says in the language's words. */
import { bare, type Expression, parseExpression } from './sql-expression.ts'

/** Bounds are kept as the text of the number, so that no digit is lost. */
export interface Facts {
  /** Of the value, of a text's length or of a list's items, as the column's type has it. */
  readonly min?: string
  readonly max?: string
  readonly values?: readonly string[]
  /** Digits before the point. */
  readonly digits?: number
  readonly scale?: number
}

/** A bound that Postgres' `integer` has by itself. */
export const INT4 = { min: '-2147483648', max: '2147483647' } as const

/**
 * @param isWhole whether the column holds whole numbers or lengths: then `> 2` is a bound too.
 * @returns null where the predicate says anything that the language cannot hold.
 * @example readCheck('(quantity >= 1)', 'quantity', true) // { min: '1' }
 */
export function readCheck(predicate: string, column: string, isWhole: boolean): Facts | null {
  const expression = parseExpression(predicate)
  if (!expression) return null
  let facts: Facts | null = {}
  for (const part of conjuncts(expression)) {
    const found: Facts | null = readPart(part, column, isWhole)
    facts = found && facts && joinFacts(facts, found)
  }
  return facts
}

function conjuncts(expression: Expression): readonly Expression[] {
  return expression.kind === 'and' ? expression.parts.flatMap(conjuncts) : [expression]
}

/** Both hold: the narrower bound counts. */
export function joinFacts(a: Facts, b: Facts): Facts {
  const min = [a.min, b.min].filter((bound) => bound !== undefined).toSorted((x, y) => Number(y) - Number(x))[0]
  const max = [a.max, b.max].filter((bound) => bound !== undefined).toSorted((x, y) => Number(x) - Number(y))[0]
  return { ...a, ...b, ...(min !== undefined && { min }), ...(max !== undefined && { max }) }
}

function readPart(part: Expression, column: string, isWhole: boolean): Facts | null {
  const values = readValues(part, column)
  if (values) return { values }
  if (part.kind !== 'compare') return null
  const left = bare(part.left)
  const right = bare(part.right)
  if (part.every) return readEvery(part.operator, left, right, column, part.every)
  if (left.kind === 'call' && left.name === 'coalesce') return isOneDimensional(left) ? {} : null
  if (isColumn(left, column) && part.operator === '=') return readScale(part.right, column)
  if (right.kind !== 'literal') return null
  if (left.kind === 'call' && left.name === 'abs' && isColumn(left.args[0], column))
    return readDigits(part.operator, right.text)
  if (!isColumn(left, column) && !isLength(left, column)) return null
  return readBound(part.operator, right.text, isWhole || isLength(left, column))
}

/** `c = 'a'`, `c = 'a' or c = 'b'`, `c = any (array['a', 'b'])`, `c <@ array['a', 'b']`. */
function readValues(part: Expression, column: string): readonly string[] | null {
  if (part.kind === 'or') {
    const lists = part.parts.map((way) => readValues(way, column))
    return lists.every((list) => list !== null) ? lists.flat() : null
  }
  if (part.kind !== 'compare' || !isColumn(bare(part.left), column)) return null
  const right = bare(part.right)
  const isList = (part.operator === '=' && part.every === 'any') || (part.operator === '<@' && !part.every)
  if (isList && right.kind === 'array') {
    const items = right.items.map(bare)
    const texts = items.flatMap((item) => (item.kind === 'literal' && item.quoted ? [item.text] : []))
    return texts.length === items.length ? texts : null
  }
  return part.operator === '=' && !part.every && right.kind === 'literal' && right.quoted ? [right.text] : null
}

/** `2147483647 >= all (c)`: a bound of each item, as the platform writes it for lists of numbers. */
function readEvery(operator: string, left: Expression, right: Expression, column: string, every: string): Facts | null {
  if (every !== 'all' || left.kind !== 'literal' || !isColumn(right, column)) return null
  if (/Infinity/.test(left.text)) return {}
  if (operator === '<=' && left.text === INT4.min) return { min: INT4.min }
  if (operator === '>=' && left.text === INT4.max) return { max: INT4.max }
  const limit = left.text.replace(/^-/, '')
  return operator === '>' || operator === '<' ? readDigits('<', limit) : null
}

function isOneDimensional(call: Expression): boolean {
  const [inner] = call.kind === 'call' ? call.args : []
  return inner?.kind === 'call' && inner.name === 'array_ndims'
}

/** `c = round(c, 2)`, or for lists `c = c::numeric(1000, 2)[]`. */
function readScale(right: Expression, column: string): Facts | null {
  const places = right.kind === 'call' && right.name === 'round' ? right.args[1] : undefined
  if (places && isColumn(right.kind === 'call' ? right.args[0] : undefined, column)) {
    const literal = bare(places)
    return literal.kind === 'literal' ? { scale: Number(literal.text) } : null
  }
  const scale = right.kind === 'cast' ? /^numeric\(1000,(\d+)\)\[\]$/.exec(right.type)?.[1] : undefined
  return scale === undefined ? null : { scale: Number(scale) }
}

/** `abs(c) < 100000000`: eight digits before the point. */
function readDigits(operator: string, limit: string): Facts | null {
  const zeros = /^10*$/.test(limit) ? limit.length - 1 : null
  return operator === '<' && zeros !== null ? { digits: zeros } : null
}

function readBound(operator: string, text: string, isWhole: boolean): Facts | null {
  // Neither NaN nor infinity can come over JSON, so nothing has to be said.
  if (/^-?Infinity$/.test(text)) return {}
  if (!/^-?\d+(?:\.\d+)?$/.test(text)) return null
  if (operator === '>=') return { min: text }
  if (operator === '<=') return { max: text }
  if (!isWhole || !/^-?\d+$/.test(text)) return null
  if (operator === '>') return { min: String(BigInt(text) + 1n) }
  return operator === '<' ? { max: String(BigInt(text) - 1n) } : null
}

function isColumn(expression: Expression | undefined, column: string): boolean {
  const inner = expression && bare(expression)
  return inner?.kind === 'column' && inner.name === column
}

const LENGTHS = ['char_length', 'character_length', 'length', 'octet_length', 'cardinality', 'array_length']

function isLength(expression: Expression, column: string): boolean {
  return expression.kind === 'call' && LENGTHS.includes(expression.name) && isColumn(expression.args[0], column)
}
