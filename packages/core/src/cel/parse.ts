/** CEL's grammar, read by `@bufbuild/cel`; its macros are folded back into what the author wrote. */
import { parse as parseCel } from '@bufbuild/cel'
import { decimalText, parseDecimal } from '../language/decimal-number.ts'
import { checkSyntax } from './check-syntax.ts'
import { ExpressionProblem } from './expression-problem.ts'
import { scan, syntax, type Token } from './scan.ts'

/** `at`: where it is in the source; of an operator or function its own name. */
export type Syntax = { readonly at: number } & (
  | {
      readonly kind: 'literal'
      readonly type: 'int' | 'decimal' | 'string' | 'bytes' | 'bool' | 'null'
      /** In Postgres' input format. */
      readonly text: string
    }
  | { readonly kind: 'name'; readonly name: string }
  /** `tests`: inside `has(…)`. */
  | { readonly kind: 'select'; readonly from: Syntax; readonly name: string; readonly tests: boolean }
  | { readonly kind: 'operator'; readonly name: string; readonly args: readonly Syntax[] }
  | { readonly kind: 'call'; readonly name: string; readonly on: Syntax | null; readonly args: readonly Syntax[] }
  | { readonly kind: 'list'; readonly items: readonly Syntax[] }
  | {
      readonly kind: 'quantifier'
      readonly name: string
      readonly range: Syntax
      readonly variable: string
      readonly where: Syntax
    }
)

type Parsed = ReturnType<typeof parseCel>
type Expr = Parsed['expr']
type Kind<C> = Extract<Expr['exprKind'], { case: C }>['value']

interface Reading {
  readonly source: string
  readonly tokens: readonly Token[]
  readonly info: NonNullable<Parsed['sourceInfo']>
}

const INT_MIN = -(2n ** 63n)
const INT_MAX = 2n ** 63n - 1n
const OPERATORS: Readonly<Record<string, string>> = { '!_': '!', '-_': 'negate', '@in': 'in', '_[_]': 'index' }

/** @throws ExpressionProblem where it is no CEL, or more than is allowed. */
export function parse(source: string): Syntax {
  const tokens = scan(source)
  checkSyntax(source, tokens)
  const { expr, sourceInfo } = callParser(source)
  if (!sourceInfo) throw syntax(source, 0, 'this cannot be read')
  return read(expr, { source, tokens, info: sourceInfo })
}

/** What the checks before it let through is nearly always CEL; the rest are its finer points. */
function callParser(source: string): Parsed {
  try {
    return parseCel(source)
  } catch (error) {
    const offset = placeOf(error)
    throw syntax(source, offset, 'this cannot be read as CEL', 'take it apart with parentheses')
  }
}

function placeOf(error: unknown): number {
  const location: unknown = Object(error).location
  const offset: unknown = Object(Object(location).start).offset
  return typeof offset === 'number' ? offset : 0
}

function read(expr: Expr, reading: Reading): Syntax {
  const { exprKind } = expr
  const token = tokenAt(reading, expr.id)
  const at = reading.tokens[token]?.offset ?? 0
  switch (exprKind.case) {
    case 'constExpr':
      return { at, ...readConstant(exprKind.value, reading, token) }
    case 'identExpr':
      return { at, kind: 'name', name: exprKind.value.name }
    case 'selectExpr':
      return readSelect(exprKind.value, reading, token)
    case 'callExpr':
      return readCall(exprKind.value, reading, token)
    case 'listExpr':
      return { at, kind: 'list', items: exprKind.value.elements.map((item) => read(item, reading)) }
    case 'comprehensionExpr':
      return readQuantifier(expr, exprKind.value, reading, token)
    default:
      throw syntax(reading.source, at, 'objects are no part of the language')
  }
}

/** The index of the first token at or after a node's place, which may be the white space before it. */
function tokenAt({ tokens, info }: Reading, id: bigint): number {
  const offset = info.positions[String(id)] ?? 0
  let [low, high] = [0, tokens.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((tokens[middle]?.offset ?? 0) < offset) low = middle + 1
    else high = middle
  }
  return low
}

function readConstant({ constantKind }: Kind<'constExpr'>, { source, tokens }: Reading, index: number) {
  const token = tokens[index]
  const at = token?.offset ?? 0
  const literal = (type: Extract<Syntax, { kind: 'literal' }>['type'], text: string) =>
    ({ kind: 'literal', type, text }) as const
  switch (constantKind.case) {
    case 'stringValue':
      return literal('string', constantKind.value)
    case 'bytesValue':
      return literal('bytes', `\\x${Array.from(constantKind.value, (b) => b.toString(16).padStart(2, '0')).join('')}`)
    case 'boolValue':
      return literal('bool', String(constantKind.value))
    case 'nullValue':
      return literal('null', '')
    case 'int64Value':
      if (constantKind.value < INT_MIN || constantKind.value > INT_MAX) {
        const hint = 'write it with a decimal point, `1.0`, for an exact number of any size'
        throw new ExpressionProblem('BAD_LITERAL', 'an int has 64 bits, this one needs more', source, at, { hint })
      }
      return literal('int', String(constantKind.value))
    case 'doubleValue': {
      const written = token?.text === '-' ? `-${tokens[index + 1]?.text ?? ''}` : (token?.text ?? '')
      const decimal = parseDecimal(written)
      if (decimal) return literal('decimal', decimalText(decimal))
      throw new ExpressionProblem('BAD_LITERAL', 'the number has too many digits', source, at)
    }
    default:
      throw new ExpressionProblem('BAD_LITERAL', 'there are no unsigned numbers', source, at, {
        hint: 'leave out the `u`',
      })
  }
}

/** The place of a selection is that of its name, after the dot. */
function readSelect({ operand, field, testOnly }: Kind<'selectExpr'>, reading: Reading, token: number): Syntax {
  const { source, tokens } = reading
  if (!operand) throw syntax(source, 0, 'a name is missing')
  const from = read(operand, reading)
  const dot = testOnly ? lastNameOf(reading, token) : token
  const at = tokens[tokens[dot]?.text === '.' ? dot + 1 : dot]?.offset ?? from.at
  return { at, kind: 'select', from, name: field, tests: testOnly }
}

/** `has(a.b)` begins at `has`: the name that is tested is the last before the bracket that closes. */
function lastNameOf({ tokens }: Reading, begin: number): number {
  let depth = 0
  for (let index = begin; index < tokens.length; index++) {
    const text = tokens[index]?.text
    if (text === '(') depth++
    if (text === ')' && --depth === 0) return index - 1
  }
  return begin
}

function readCall({ target, function: name, args }: Kind<'callExpr'>, reading: Reading, token: number): Syntax {
  const { tokens } = reading
  const operands = args.map((arg) => read(arg, reading))
  const operator = OPERATORS[name] ?? /^_(.+)_$/.exec(name)?.[1]
  if (operator === undefined) {
    const index = target && tokens[token]?.text === '.' ? token + 1 : token
    return {
      at: tokens[index]?.offset ?? 0,
      kind: 'call',
      name,
      on: target ? read(target, reading) : null,
      args: operands,
    }
  }
  if (operator === '?_:') return { at: operands[0]?.at ?? 0, kind: 'operator', name: '?:', args: operands }
  const at = tokens[token]?.offset ?? 0
  if (operator !== '&&' && operator !== '||') return { at, kind: 'operator', name: operator, args: operands }
  // The parser balances chains into trees; order is what matters, and a chain is one level.
  const chain = operands.flatMap((arg) => (arg.kind === 'operator' && arg.name === operator ? arg.args : [arg]))
  return { at, kind: 'operator', name: operator, args: chain }
}

function readQuantifier(expr: Expr, loop: Kind<'comprehensionExpr'>, reading: Reading, token: number): Syntax {
  const { source, tokens, info } = reading
  const macro = info.macroCalls[String(expr.id)]?.exprKind
  const name = macro?.case === 'callExpr' ? macro.value.function : ''
  const at = tokens[tokens[token]?.text === '.' ? token + 1 : token]?.offset ?? 0
  const step = loop.loopStep?.exprKind
  const args = step?.case === 'callExpr' ? step.value.args : []
  const where = name === 'exists' || name === 'all' ? args[1] : args[0]
  if (!where || !loop.iterRange || !['exists', 'all', 'exists_one', 'existsOne'].includes(name)) {
    const hint = 'ask with `exists`, `all` or `exists_one`'
    throw new ExpressionProblem('UNKNOWN_FUNCTION', `there is no \`${name}\``, source, at, { hint })
  }
  return {
    at,
    kind: 'quantifier',
    name: name === 'existsOne' ? 'exists_one' : name,
    range: read(loop.iterRange, reading),
    variable: loop.iterVar,
    where: read(where, reading),
  }
}
