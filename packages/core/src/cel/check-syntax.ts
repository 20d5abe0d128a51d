/** Says exactly what was expected where the order of tokens is wrong, which the parser behind it only knows roughly. */
import type { ExpressionProblem } from './expression-problem.ts'
import { show } from './expression-problem.ts'
import { syntax, type Token } from './scan.ts'

interface Frame {
  /** What was opened: parentheses around a value, the arguments of a call, a list, or an index. */
  readonly kind: 'group' | 'call' | 'list' | 'index' | 'all'
  readonly offset: number
  /** `?` whose `:` is still to come. */
  waiting: number
}

const BINARY: ReadonlySet<string> = new Set([
  ...['&&', '||', '==', '!=', '<', '<=', '>', '>=', '+', '-', '*', '/', '%', 'in'],
])
const CLOSES: Readonly<Record<Frame['kind'], string>> = { group: ')', call: ')', list: ']', index: ']', all: '' }
const RESERVED: ReadonlySet<string> = new Set([
  ...['as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'in', 'let', 'loop'],
  ...['package', 'namespace', 'return', 'var', 'void', 'while'],
])
const MEANT: Readonly<Record<string, string>> = {
  and: 'write `&&`',
  or: 'write `||`',
  not: 'write `!`',
  AND: 'write `&&`',
  OR: 'write `||`',
  is: 'write `== null` or `!= null`',
  like: 'write `.contains(…)`, `.startsWith(…)` or `.endsWith(…)`',
  between: 'write two comparisons with `&&`',
  if: 'write `condition ? value : otherwise`',
}

/** @throws ExpressionProblem (`EXPRESSION_SYNTAX`) at the first token that cannot stand where it stands. */
export function checkSyntax(source: string, tokens: readonly Token[]): void {
  const all: Frame = { kind: 'all', offset: 0, waiting: 0 }
  const frames = [all]
  let isValueNext = true
  for (const [index, token] of tokens.entries()) {
    const frame = frames.at(-1) ?? all
    const last = tokens[index - 1]
    isValueNext = isValueNext
      ? readValue(source, token, last, frames, frame)
      : readOperator(source, token, last, frames, frame)
  }
  const end = tokens.at(-1)
  const offset = end === undefined ? 0 : end.offset + end.text.length
  if (isValueNext) throw syntax(source, offset, `expected a value${after(end)}, found the end`)
  const open = frames.at(-1) ?? all
  if (open.waiting > 0) throw syntax(source, offset, 'expected `:` and a value, found the end')
  if (open.kind !== 'all') {
    const message = `expected \`${CLOSES[open.kind]}\` for the bracket at column ${columnOf(source, open.offset)}, found the end`
    throw syntax(source, offset, message)
  }
}

/** @returns whether a value is still to come. */
function readValue(source: string, token: Token, last: Token | undefined, frames: Frame[], frame: Frame): boolean {
  const { kind, text, offset } = token
  if (last?.text === '.' && last.kind === 'symbol') {
    if (kind === 'name' && !['in', 'true', 'false', 'null'].includes(text)) return false
    throw syntax(source, offset, `expected a name after \`.\`, found ${show(text)}`)
  }
  if (kind === 'name' && RESERVED.has(text)) {
    throw syntax(source, offset, `expected a value${after(last)}, found the reserved word ${show(text)}`, MEANT[text])
  }
  if (kind !== 'symbol') return false
  if (text === '!' || text === '-') return true
  if (text === '(') return open(frames, 'group', offset)
  if (text === '[') return open(frames, 'list', offset)
  const isEmpty =
    (text === ')' && frame.kind === 'call' && last?.text === '(') || (text === ']' && isOpenList(frame, last))
  if (isEmpty && frame.waiting === 0) {
    frames.pop()
    return false
  }
  throw unexpectedValue(source, token, last)
}

function isOpenList(frame: Frame, last: Token | undefined): boolean {
  return frame.kind === 'list' && (last?.text === '[' || last?.text === ',')
}

function unexpectedValue(source: string, token: Token, last: Token | undefined): ExpressionProblem {
  const hint = token.text === '{' ? 'objects are no part of the language' : undefined
  return syntax(source, token.offset, `expected a value${after(last)}, found ${show(token.text)}`, hint)
}

function readOperator(source: string, token: Token, last: Token | undefined, frames: Frame[], frame: Frame): boolean {
  const { kind, text, offset } = token
  if (kind === 'symbol') {
    if (text === '(' && last?.kind === 'name') return open(frames, 'call', offset)
    if (text === '[') return open(frames, 'index', offset)
    if (text === '?' && frame.waiting === 0) {
      frame.waiting++
      return true
    }
    if (text === '?') throw syntax(source, offset, 'a `?:` inside another one stands in parentheses')
    if (text === ':' && frame.waiting > 0) {
      frame.waiting--
      return true
    }
    if (text === CLOSES[frame.kind] && frame.waiting === 0) {
      frames.pop()
      return false
    }
    if (text === ',' && frame.waiting === 0 && (frame.kind === 'call' || frame.kind === 'list')) return true
  }
  if (text === '.' || (BINARY.has(text) && kind !== 'text')) return true
  const expected = frame.waiting > 0 ? '`:`' : frame.kind === 'all' ? 'an operator or the end' : bracketEnd(frame)
  const hint = text === '{' ? 'objects are no part of the language' : kind === 'name' ? MEANT[text] : undefined
  throw syntax(source, offset, `expected ${expected}${after(last)}, found ${show(text)}`, hint)
}

function open(frames: Frame[], kind: Frame['kind'], offset: number): true {
  frames.push({ kind, offset, waiting: 0 })
  return true
}

function bracketEnd({ kind }: Frame): string {
  return `an operator${kind === 'call' || kind === 'list' ? ', `,`' : ''} or \`${CLOSES[kind]}\``
}

function after(token: Token | undefined): string {
  return token === undefined ? '' : ` after ${show(token.text)}`
}

function columnOf(source: string, offset: number): number {
  return offset - source.slice(0, offset).search(/[^\n\r]*$/) + 1
}
