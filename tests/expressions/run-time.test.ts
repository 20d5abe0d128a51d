/** What runs expressions is in every bundle: neither the parser nor what else only publishing needs may come with it. */
import { expect, test } from 'vitest'
import { importsOf } from '../architecture/imports-of.ts'
import { readTree, repository } from '../architecture/read-tree.ts'

test('the run time of expressions reaches drizzle-orm and nothing else outside', () => {
  const imports = importsOf(readTree(repository))
  const reached = new Set(['packages/core/src/expression/index.ts'])
  const outside = new Set<string>()
  for (const path of reached) {
    for (const { specifier, path: to } of imports.filter(({ from }) => from.path === path)) {
      if (to === null) outside.add(specifier)
      else reached.add(to)
    }
  }
  expect([...outside]).toEqual(['drizzle-orm'])
  expect([...reached].filter((path) => path.includes('/cel/'))).toEqual([])
  expect(reached.size).toBeGreaterThan(10)
})
