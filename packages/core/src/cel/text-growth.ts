/** How much longer a text may become than what it is made of: bounded, so that no expression fills the memory. */
import type { Expression } from '../contracts/expression.ts'
import { childrenOf } from '../expression/may-raise.ts'

export const GROWTH_MAX = 1000

/** The longest text that an expression comes to on its way, in lengths of the longest one that it reads. */
export function textGrowth(tree: Expression): number {
  const inner = childrenOf(tree).map(textGrowth)
  const most = Math.max(1, ...inner)
  if (tree.node === 'list') return inner.reduce((sum, growth) => sum + growth, 0)
  if (tree.node !== 'call') return most
  if (tree.call === '+' && tree.type === 'string') return inner.reduce((sum, growth) => sum + growth, 0)
  const [, second, third] = tree.args
  if (tree.call === 'join') return most * (1 + lengthOf(second))
  if (tree.call === 'replace') return most * Math.max(1, lengthOf(third) / Math.max(1, lengthOf(second)))
  return most
}

function lengthOf(tree: Expression | undefined): number {
  return tree?.node === 'literal' ? (tree.text?.length ?? 0) : 0
}
