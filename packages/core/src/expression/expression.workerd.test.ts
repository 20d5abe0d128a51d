/** Compiled expressions run where nothing of Node's is and no text is compiled to code. */
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Expression } from '../contracts/expression.ts'
import { toJs } from './to-js.ts'
import { toSql } from './to-sql.ts'

const tree: Expression = {
  node: 'call',
  call: '==',
  type: 'bool',
  args: [
    { node: 'field', field: 'status', type: 'string' },
    { node: 'literal', text: 'lead', type: 'string' },
  ],
}

test('a tree from the registry becomes a function and SQL', () => {
  expect(toJs(tree)({ row: { status: 'lead' } })).toBe(true)
  expect(toSql(tree, { field: (_, name) => sql.raw(name) }).queryChunks.length).toBeGreaterThan(0)
})
