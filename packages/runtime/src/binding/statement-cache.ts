/** Rendered statements, found by the shape of an operation. */
import type { Operation, Query } from '@backsaas/core'
import { mannerOf, shapeOf } from '../planner/shape.ts'
import { type BoundedMap, boundedMap } from './bounded-map.ts'
import type { RenderedStatement } from './rendered-statement.ts'

export interface StatementCache {
  get(operation: Operation): RenderedStatement | undefined
  set(operation: Operation, statement: RenderedStatement): void
  /** This very object will come again: from now on it is known by itself, and not by what is in it. */
  expect(query: Query): void
}

const MAX_PER_QUERY = 50

/** @example const statements = createStatementCache(500) */
export function createStatementCache(max: number): StatementCache {
  const byShape = boundedMap<RenderedStatement>(max)
  const byQuery = new WeakMap<Query, BoundedMap<RenderedStatement>>()
  return {
    get(operation) {
      const own = byQuery.get(operation.query)
      return own ? own.get(mannerOf(operation)) : byShape.get(shapeOf(operation))
    },
    set(operation, statement) {
      const own = byQuery.get(operation.query)
      if (own) own.set(mannerOf(operation), statement)
      else byShape.set(shapeOf(operation), statement)
    },
    expect(query) {
      byQuery.set(query, boundedMap(MAX_PER_QUERY))
    },
  }
}
