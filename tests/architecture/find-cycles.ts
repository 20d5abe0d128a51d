/** Cycles of a directed graph. */

/**
 * One cycle for each edge that leads back in a depth-first walk; none where the graph has none.
 *
 * @example findCycles(new Map([['a', new Set(['b'])], ['b', new Set(['a'])]])) // [['a', 'b', 'a']]
 */
export function findCycles(graph: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const cycles: string[][] = []
  const done = new Set<string>()
  const trail: string[] = []
  const visit = (node: string): void => {
    if (done.has(node)) return
    const start = trail.indexOf(node)
    if (start >= 0) {
      cycles.push([...trail.slice(start), node])
      return
    }
    trail.push(node)
    for (const next of graph.get(node) ?? []) visit(next)
    trail.pop()
    done.add(node)
  }
  for (const node of graph.keys()) visit(node)
  return cycles
}
