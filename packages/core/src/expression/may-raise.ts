/** Whether working out an expression can end in an error. Where it can, the order of `&&` and `||` is held by SQL too. */
import type { CallName, Expression, ExpressionType } from '../contracts/expression.ts'
import { durationSize, parseDuration } from './duration.ts'

const THOUSAND_YEARS_US = 31_536_000_000_000_000n

type Call = Extract<Expression, { node: 'call' }>

/** @example mayRaise(compileExpression('10 / amount', context).tree) // true: `amount` may be 0 */
export function mayRaise(tree: Expression): boolean {
  return (tree.node === 'call' && raises(tree)) || childrenOf(tree).some(mayRaise)
}

/** The expressions directly inside one. */
export function childrenOf(tree: Expression): readonly Expression[] {
  switch (tree.node) {
    case 'list':
      return tree.items
    case 'call':
      return tree.args
    case 'relation':
      return [tree.where]
    case 'each':
      return [tree.list, tree.where]
    default:
      return []
  }
}

function raises(tree: Call): boolean {
  const from = tree.args[0]?.type ?? 'null'
  switch (tree.call) {
    case '+':
    case '-':
      return !['decimal', 'string'].includes(from) && !isSmall(tree) && !isNearNow(tree)
    case '*':
      return from !== 'decimal'
    case '/':
    case '%':
      return true
    case 'negate':
    case 'abs':
      return from === 'int'
    default:
      return RAISING[tree.call]?.includes(from) ?? false
  }
}

/** Conversions that fail for some values of a type. */
const RAISING: Readonly<Partial<Record<CallName, readonly ExpressionType[]>>> = {
  int: ['decimal', 'double', 'string', 'json'],
  decimal: ['double', 'string'],
  double: ['decimal', 'string', 'json'],
  bool: ['string'],
  date: ['string'],
  timestamp: ['string', 'date'],
}

const COUNTS: readonly CallName[] = [
  ...(['size', 'indexOf', 'getFullYear', 'getMonth', 'getDate', 'getDayOfMonth', 'getDayOfWeek'] as const),
  ...(['getDayOfYear', 'getHours', 'getMinutes', 'getSeconds', 'getMilliseconds'] as const),
]

/** Sums of lengths, positions and small constants are far from the ends of 64 bits. */
function isSmall(tree: Expression): boolean {
  if (tree.node === 'literal') return tree.type === 'int' && (tree.text?.length ?? 0) < 10
  if (tree.node !== 'call') return false
  return COUNTS.includes(tree.call) || ((tree.call === '+' || tree.call === '-') && tree.args.every(isSmall))
}

/** `now()` moved by less than a thousand years. */
function isNearNow({ args: [from, by] }: Call): boolean {
  if (from?.node !== 'call' || from.call !== 'now' || by?.node !== 'literal' || by.type !== 'duration') return false
  const duration = parseDuration(by.text ?? '')
  if (duration === null) return false
  const size = durationSize(duration)
  return size < THOUSAND_YEARS_US && size > -THOUSAND_YEARS_US
}
