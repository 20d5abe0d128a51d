/** Reads an expression into tokens, within bounds: what is too large or deep is refused before the parser sees it. */
import { ExpressionProblem, show } from './expression-problem.ts'

export interface Token {
  readonly kind: 'name' | 'number' | 'text' | 'symbol'
  readonly text: string
  readonly offset: number
}

const SOURCE_BYTES_MAX = 4096
/** Names, values and operators; brackets, commas and dots do not count. */
const NODES_MAX = 500
const DEPTH_MAX = 32
const DIGITS_MAX = 1000
const QUANTIFIERS_MAX = 3

const SPACE = /(?:[ \t\n\r\f]|\/\/[^\n\r]*)+/y
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y
const NUMBER = /(?:0x[0-9a-fA-F]+|(?:\d+\.\d+|\.\d+|\d+)(?:[eE][+-]?\d+)?)u?/y
const SYMBOL = /&&|\|\||==|!=|<=|>=|[-+*/%!?:.,()[\]{}<>]/y
const TEXT =
  /(?:[bB]?[rR]|[bB])?(?:"""(?:[^\\"]|\\[\s\S]|"(?!""))*"""|'''(?:[^\\']|\\[\s\S]|'(?!''))*'''|"(?!"")(?:[^"\\\n\r]|\\[^\n\r])*"|'(?!'')(?:[^'\\\n\r]|\\[^\n\r])*')/y
const ESCAPE = /\\(?:[abfnrtv\\?"'`]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})/y
const STRAY: Readonly<Record<string, string>> = {
  '=': 'write `==` to compare',
  '&': 'write `&&`',
  '|': 'write `||`',
  '“': 'write plain quotes',
  '”': 'write plain quotes',
  '‘': 'write plain quotes',
  '’': 'write plain quotes',
  '`': 'write names without quotes, and texts in single or double quotes',
}
const QUANTIFIERS: ReadonlySet<string> = new Set(['exists', 'all', 'exists_one', 'existsOne', 'map', 'filter'])
const CLOSING: ReadonlySet<string> = new Set([')', ']', '}'])
const UNCOUNTED: ReadonlySet<string> = new Set(['(', ')', '[', ']', '{', '}', ',', '.', ':'])

/**
 * The tokens of an expression.
 *
 * @throws ExpressionProblem (`EXPRESSION_TOO_LARGE`, `EXPRESSION_TOO_DEEP`, `EXPRESSION_SYNTAX`), in time linear in the source.
 */
export function scan(source: string): Token[] {
  if (source.length > SOURCE_BYTES_MAX || new TextEncoder().encode(source).length > SOURCE_BYTES_MAX) {
    const message = `an expression has at most ${SOURCE_BYTES_MAX} bytes`
    throw new ExpressionProblem('EXPRESSION_TOO_LARGE', message, source, 0, { hint: 'split it, or store a part of it' })
  }
  const tokens: Token[] = []
  const bounds: Bounds = { nodes: 0, unary: 0, levels: [newLevel(false)], quantifiers: 0 }
  for (let at = skipSpace(source, 0); at < source.length; ) {
    const token = nextToken(source, at)
    checkBounds(source, token, tokens, bounds)
    tokens.push(token)
    at = skipSpace(source, at + token.text.length)
  }
  return tokens
}

function skipSpace(source: string, at: number): number {
  return at + (match(SPACE, source, at)?.length ?? 0)
}

function match(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(source)?.[0]
}

function nextToken(source: string, offset: number): Token {
  const text = match(TEXT, source, offset)
  if (text !== undefined) {
    checkText(source, text, offset)
    return { kind: 'text', text, offset }
  }
  const name = match(NAME, source, offset)
  if (name !== undefined) return { kind: 'name', text: name, offset }
  const number = match(NUMBER, source, offset)
  if (number !== undefined) {
    if (number.length > DIGITS_MAX) {
      throw new ExpressionProblem('BAD_LITERAL', 'the number has too many digits', source, offset)
    }
    const trail = match(NAME, source, offset + number.length)
    if (trail !== undefined) throw syntax(source, offset, `${show(number + trail)} is neither a number nor a name`)
    return { kind: 'number', text: number, offset }
  }
  const symbol = match(SYMBOL, source, offset)
  if (symbol !== undefined) return { kind: 'symbol', text: symbol, offset }
  const found = String.fromCodePoint(source.codePointAt(offset) ?? 0)
  if (found === '"' || found === "'") throw syntax(source, offset, 'the text that begins here does not end')
  throw syntax(source, offset, `${show(found)} means nothing here`, STRAY[found])
}

/** Postgres has no NUL in its texts, and UTF-8 no half of a surrogate pair. */
function checkText(source: string, text: string, offset: number): void {
  if (!text.isWellFormed() || text.includes('\0')) {
    throw syntax(source, offset, 'a text holds a character that no database keeps')
  }
  if (/^[bB]?[rR]/.test(text)) return
  for (let at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', at)) {
    const escaped = match(ESCAPE, text, at)
    if (escaped === undefined) {
      const hint = 'write `\\\\` for a backslash, or `r"…"` for a text without escapes'
      throw syntax(source, offset + at, `${show(text.slice(at, at + 2))} is no escape`, hint)
    }
    if (/^\\[xuU0]*0+$/.test(escaped)) throw syntax(source, offset + at, 'a text may not hold the character NUL')
    at += escaped.length
  }
}

interface Bounds {
  nodes: number
  /** `!` and `-` in a row. */
  unary: number
  readonly levels: Level[]
  /** Of `levels`, how many are the brackets of a quantifier. */
  quantifiers: number
}

function checkBounds(source: string, token: Token, before: readonly Token[], bounds: Bounds): void {
  const { text, kind, offset } = token
  const { levels } = bounds
  const level = levels.at(-1)
  const isSymbol = kind === 'symbol'
  if (!isSymbol || !UNCOUNTED.has(text)) bounds.nodes++
  if (bounds.nodes > NODES_MAX) {
    const message = `an expression has at most ${NODES_MAX} names, values and operators`
    throw new ExpressionProblem('EXPRESSION_TOO_LARGE', message, source, offset)
  }
  bounds.unary = isSymbol && (text === '!' || text === '-') ? bounds.unary + 1 : 0
  const chain = isSymbol && level ? lengthenChain(level, text) : 0
  if (isSymbol && '([{'.includes(text)) {
    const isQuantifier = text === '(' && QUANTIFIERS.has(before.at(-1)?.text ?? '') && before.at(-2)?.text === '.'
    levels.push(newLevel(isQuantifier))
    if (isQuantifier) bounds.quantifiers++
  } else if (isSymbol && CLOSING.has(text) && levels.length > 1) {
    if (levels.pop()?.isQuantifier) bounds.quantifiers--
  }
  if (Math.max(levels.length - 1, bounds.unary, chain) > DEPTH_MAX) throw tooDeep(source, offset)
  if (bounds.quantifiers > QUANTIFIERS_MAX) {
    const message = `\`exists\`, \`all\` and \`exists_one\` stand inside each other at most ${QUANTIFIERS_MAX} deep`
    throw new ExpressionProblem('EXPRESSION_TOO_DEEP', message, source, offset)
  }
}

/** What stands in one pair of brackets: how long its chains have become, each link of which is a level of the tree. */
interface Level {
  readonly isQuantifier: boolean
  steps: number
  products: number
  sums: number
  comparisons: number
  choices: number
}

const CHAINS = ['steps', 'products', 'sums', 'comparisons', 'choices'] as const
/** By operator: the chain it lengthens, and how many of `CHAINS` begin anew behind it. */
const LINKS: Readonly<Record<string, readonly [chain: (typeof CHAINS)[number] | null, ended: number]>> = {
  ...{ '.': ['steps', 0], '[': ['steps', 0], '*': ['products', 1], '/': ['products', 1], '%': ['products', 1] },
  ...{ '+': ['sums', 2], '-': ['sums', 2], '==': ['comparisons', 3], '!=': ['comparisons', 3] },
  ...{ '<': ['comparisons', 3], '<=': ['comparisons', 3], '>': ['comparisons', 3], '>=': ['comparisons', 3] },
  ...{ '&&': [null, 4], '||': [null, 4], '?': [null, 4], ':': ['choices', 4], ',': [null, 5] },
}

function newLevel(isQuantifier: boolean): Level {
  return { isQuantifier, steps: 0, products: 0, sums: 0, comparisons: 0, choices: 0 }
}

/** @returns how long the chain of the operator has become. */
function lengthenChain(level: Level, operator: string): number {
  const [chain, ended] = LINKS[operator] ?? [null, 0]
  for (let over = 0; over < ended; over++) level[CHAINS[over] ?? 'steps'] = 0
  return chain ? ++level[chain] : 0
}

export function tooDeep(source: string, offset: number): ExpressionProblem {
  const message = `an expression is at most ${DEPTH_MAX} levels deep`
  const hint = 'take parentheses and nesting apart, or store a part of it as a computed field'
  return new ExpressionProblem('EXPRESSION_TOO_DEEP', message, source, offset, { hint })
}

export function syntax(source: string, offset: number, message: string, hint?: string): ExpressionProblem {
  return new ExpressionProblem('EXPRESSION_SYNTAX', message, source, offset, { hint })
}

/** What the checker holds the tree itself to. */
export const TREE_DEPTH_MAX: number = DEPTH_MAX
