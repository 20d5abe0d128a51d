/** Makes the call of an operator or function; one of constants is worked out at once. */
import type { CallName, Expression, ExpressionType } from '../contracts/expression.ts'
import { elementOf } from '../expression/compare-values.ts'
import { writeText } from '../expression/read-value.ts'
import { toJs } from '../expression/to-js.ts'
import { asList, ExpressionError, type Value } from '../expression/value.ts'
import type { Checked, Checker } from './checker.ts'

const NOT_CONSTANT: readonly CallName[] = ['now', 'matches', 'json']

/**
 * @throws ExpressionProblem (`ALWAYS_FAILS`, `ALWAYS_NULL`) where constants make it so. The planner of Postgres works
 *   constants out too, wherever they stand, so that an error among them would be one of every row.
 */
export function makeCall(
  checker: Checker,
  call: CallName,
  args: readonly Checked[],
  type: ExpressionType,
  at: number,
): Checked {
  const tree: Expression = { node: 'call', call, args: args.map((arg) => arg.tree), type }
  if (args.length === 0 || NOT_CONSTANT.includes(call)) return { tree, at }
  if (!args.every((arg) => isConstant(arg.tree))) return { tree, at }
  const value = work(checker, tree, at)
  if (value === null) return checker.fail('ALWAYS_NULL', at, `\`${call}\` of these constants is always null`)
  return { tree: constantOf(type, value), at }
}

/** A list of constants stays a list of them. */
function constantOf(type: ExpressionType, value: Value): Expression {
  const element = elementOf(type)
  if (element === null) return { node: 'literal', text: writeText(type, value), type }
  return { node: 'list', items: asList(value).map((item) => constantOf(element, item)), type }
}

/** A value, or a list of values, that is known and not null. */
export function isConstant(tree: Expression): boolean {
  if (tree.node === 'literal') return tree.text !== null
  return tree.node === 'list' && tree.items.every(isConstant)
}

function work(checker: Checker, tree: Expression, at: number): Value {
  try {
    return toJs(tree)({})
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    return checker.fail('ALWAYS_FAILS', at, `this always fails: ${error.message}`)
  }
}
