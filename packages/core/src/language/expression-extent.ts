/** How large an expression is once the virtual fields it names are written out in their places. */
import type { CompiledExpression, Expression } from '../contracts/expression.ts'
import type { ExpressionScope } from './expression-scope.ts'

/** The size of an expression, virtual fields written out. */
export interface Extent {
  /** Nodes of the tree. */
  readonly nodes: number
  /** How many virtual fields stand behind one another; 0 where none is read. */
  readonly steps: number
}

/**
 * Measures `expression`, which stands in `entity`. Each virtual field is measured once and remembered in `known`, since
 * to write out what doubles at every step would take for ever.
 */
export function extentOf(
  expression: CompiledExpression,
  entity: string,
  scope: ExpressionScope,
  known: Map<CompiledExpression, Extent>,
): Extent {
  const found = known.get(expression)
  if (found) return found
  let nodes = 0
  let steps = 0
  const follow = (owner: string | undefined, name: string): void => {
    const computed = owner === undefined ? undefined : scope[owner]?.fields[name]?.computed
    if (owner === undefined || !computed || computed.stored) return
    const extent = extentOf(computed.expression, owner, scope, known)
    nodes += extent.nodes
    steps = Math.max(steps, extent.steps + 1)
  }
  const visit = (node: Expression, rows: ReadonlyMap<string, string>): void => {
    nodes++
    const relation = 'relation' in node ? scope[entity]?.relations[node.relation] : undefined
    if (node.node === 'field') follow(node.row === undefined ? entity : rows.get(node.row), node.field)
    if (node.node === 'related') follow(relation?.entity, node.field)
    const inner = node.node === 'relation' && relation ? new Map([...rows, [node.row, relation.entity]]) : rows
    for (const child of childrenOf(node)) visit(child, inner)
  }
  visit(expression.tree, new Map())
  const extent = { nodes, steps }
  known.set(expression, extent)
  return extent
}

function childrenOf(node: Expression): readonly Expression[] {
  switch (node.node) {
    case 'list':
      return node.items
    case 'call':
      return node.args
    case 'relation':
      return [node.where]
    case 'each':
      return [node.list, node.where]
    default:
      return []
  }
}
