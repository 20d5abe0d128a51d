/** Each rule fails on a tree that breaks it, and on nothing else. */
import { expect, test } from 'vitest'
import { findCycles } from './find-cycles.ts'
import type { Manifest, Tree } from './read-tree.ts'
import * as rules from './rules.ts'
import { readSourceFile } from './source-file.ts'

const PACKAGES = ['core', 'runtime', 'adapters', 'plugins', 'migrator', 'cli']

/** A tree of the given files; each text gets a module comment unless it brings one. */
function fake(files: Readonly<Record<string, string>>, dependencies: readonly string[] = []): Tree {
  const manifests: Manifest[] = PACKAGES.map((name) => ({
    folder: `packages/${name}`,
    name: `@backsaas/${name}`,
    dependencies,
    entries: [`packages/${name}/src/index.ts`],
  }))
  return {
    manifests: [{ folder: '', name: 'backsaas', dependencies: ['vitest'], entries: [] }, ...manifests],
    files: Object.entries(files).map(([path, text]) =>
      readSourceFile(path, text.startsWith('/*') || text === 'bare' ? text : `/** A file. */\n${text}`),
    ),
  }
}

const cases: readonly [string, string, Readonly<Record<string, string>>][] = [
  ['whoImportsWhom', 'core imports runtime', { 'packages/core/src/a.ts': "import '@backsaas/runtime'" }],
  [
    'whoImportsWhom',
    'runtime imports an adapter, dynamically',
    { 'packages/runtime/src/a.ts': "await import('@backsaas/adapters/x')" },
  ],
  [
    'whoImportsWhom',
    'migrator imports a type of the runtime',
    { 'packages/migrator/src/a.ts': "import type { A } from '@backsaas/runtime'" },
  ],
  [
    'whoImportsWhom',
    'an import type in a signature',
    { 'packages/core/src/a.ts': "export type A = import('@backsaas/cli').B" },
  ],
  [
    'whoImportsWhom',
    'a plugin imports the runtime',
    { 'packages/plugins/src/auth/a.ts': "import '@backsaas/runtime'" },
  ],
  ['whoImportsWhom', 'a package nobody planned', { 'packages/extra/src/a.ts': "import '@backsaas/core'" }],
  [
    'noWayAroundPackages',
    'a relative path into a neighbour',
    { 'packages/core/src/a.ts': "export { b } from '../../cli/src/b.ts'" },
  ],
  ['noTestInTheProduct', 'a fixture', { 'packages/core/src/a.ts': "import '../test/rows.ts'" }],
  [
    'adaptersAndPluginsStandAlone',
    'an adapter imports another',
    { 'packages/adapters/src/databases/pglite/a.ts': "import '../postgres/b.ts'" },
  ],
  [
    'adaptersAndPluginsStandAlone',
    'a bus imports a database',
    { 'packages/adapters/src/buses/memory/a.ts': "import '../../databases/postgres/b.ts'" },
  ],
  [
    'adaptersAndPluginsStandAlone',
    'a plugin imports another',
    { 'packages/plugins/src/auth/a.ts': "import '../policies/b.ts'" },
  ],
  [
    'nodeOnlyWhereAllowed',
    'node: in a plugin',
    { 'packages/plugins/src/auth/a.ts': "import { join } from 'node:path'" },
  ],
  ['nodeOnlyWhereAllowed', 'node: in the runtime', { 'packages/runtime/src/a.ts': "import { join } from 'node:path'" }],
  [
    'nodeOnlyWhereAllowed',
    'node: in the pure part of the migrator',
    { 'packages/migrator/src/plan/a.ts': "import 'node:fs'" },
  ],
  ['nodeOnlyWhereAllowed', 'a built-in module without its prefix', { 'packages/cli/src/a.ts': "import 'fs'" }],
  ['dependenciesAreDeclared', 'an undeclared library', { 'packages/core/src/a.ts': "import 'lodash/merge'" }],
  [
    'noImportCycles',
    'two files, by types',
    {
      'packages/core/src/a.ts': "import type { B } from './b.ts'",
      'packages/core/src/b.ts': "import type { A } from './a.ts'",
    },
  ],
  [
    'noImportCycles',
    'two packages',
    { 'packages/core/src/a.ts': "import '@backsaas/cli'", 'packages/cli/src/b.ts': "import '@backsaas/core'" },
  ],
  ['noBarrels', 'a barrel', { 'packages/core/src/contracts/index.ts': "export * from './a.ts'" }],
  ['filesSayWhatTheyAre', 'a vague folder', { 'packages/core/src/utils/a.ts': 'export const a = 1' }],
  ['filesSayWhatTheyAre', 'a name in camelCase', { 'packages/core/src/makeKey.ts': 'export const a = 1' }],
  ['filesSayWhatTheyAre', 'no comment', { 'packages/core/src/a.ts': 'bare' }],
  ['sizesAreBounded', 'a long file', { 'packages/core/src/a.ts': '\n'.repeat(401) }],
  ['sizesAreBounded', 'a long function', { 'packages/core/src/a.ts': `export function f() {${'\n'.repeat(71)}}` }],
  ['noDefaultExports', 'a default export', { 'packages/core/src/a.ts': 'export default 1' }],
]

const byName = new Map(Object.entries(rules))

for (const [name, what, files] of cases) {
  test(`${name} sees ${what}`, () => {
    const rule = byName.get(name)
    if (typeof rule !== 'function') throw new TypeError(`${name} is not a rule`)
    expect(rule(fake(files))).not.toEqual([])
  })
}

test('a tree that keeps the rules breaks none', () => {
  const tree = fake(
    {
      'packages/core/src/index.ts': "export * from './a.ts'",
      'packages/core/src/a.ts':
        "/** See `import x from 'node:fs'`. */\nexport const text: string = \"import 'node:fs'\"",
      'packages/runtime/src/a.ts': "import { a } from '@backsaas/core'\nexport const b: string = a",
      'packages/runtime/src/a.test.ts':
        "import { test } from 'vitest'\nimport 'node:fs'\nimport '@backsaas/adapters/x'",
      'packages/migrator/src/execute/a.ts': "import 'node:fs'",
      'packages/adapters/src/databases/pglite/a.ts': "import './b.ts'\nimport '../sql-state.ts'",
      'packages/cli/src/a.ts': "import '@backsaas/runtime'",
      'packages/plugins/src/auth/a.ts': "import './b.ts'\nawait import('#c')",
    },
    PACKAGES.map((name) => `@backsaas/${name}`),
  )
  for (const rule of Object.values(rules)) if (typeof rule === 'function') expect(rule(tree), rule.name).toEqual([])
})

test("a function's lines are its own: those of functions declared in it are counted there", () => {
  const lines = '\n'.repeat(50)
  const factory = `export function make() {\n  function one() {${lines}}\n  return { one, two() {${lines}} }\n}`
  const tree = fake({ 'packages/core/src/a.ts': factory, 'packages/core/src/b.ts': `each(() => {${lines}${lines}})` })
  expect(rules.sizesAreBounded(tree)).toEqual(['packages/core/src/b.ts: (anonymous) has 101 lines, more than 70'])
})

test('a cycle is given as the way round', () => {
  const graph = { a: ['b'], b: ['c', 'd'], c: ['a'], d: [] }
  const edges = new Map(Object.entries(graph).map(([node, next]) => [node, new Set(next)]))
  expect(findCycles(edges)).toEqual([['a', 'b', 'c', 'a']])
})
