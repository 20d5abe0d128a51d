/** The repository keeps the rules of ARCHITECTURE.md. */
import { expect, test } from 'vitest'
import { readTree, repository } from './read-tree.ts'
import * as rules from './rules.ts'

const EXPLAIN_ABOVE_LINES = 300
const tree = readTree(repository)

test('there is something to judge', () => {
  const rooms = new Set(tree.files.map((file) => file.path.split('/').slice(0, 2).join('/')))
  for (const name of ['core', 'runtime', 'adapters', 'plugins', 'migrator', 'cli']) {
    expect(rooms).toContain(`packages/${name}`)
  }
})

for (const [name, rule] of Object.entries(rules)) {
  if (typeof rule === 'function') test(name, () => expect(rule(tree)).toEqual([]))
}

test('long files are listed, so that they can be explained', () => {
  const long = tree.files.filter((file) => file.lines > EXPLAIN_ABOVE_LINES)
  for (const { path, lines } of long) console.info(`${path} has ${lines} lines: why?`)
})
