/** The rules of the house, each a function from the tree to what breaks it; ARCHITECTURE.md says why they are. */
import { builtinModules } from 'node:module'
import { findCycles } from './find-cycles.ts'
import { importsOf, packageOf, ROOT_ROOMS, roomOf } from './imports-of.ts'
import type { Tree } from './read-tree.ts'
import type { SourceFile } from './source-file.ts'

/** One sentence that names the file. */
export type Violation = string

/** Who may import whom. What composes (`*`) may import anything; a room that is not listed may not exist. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[] | '*'>> = {
  core: [],
  runtime: ['core'],
  adapters: ['core'],
  plugins: ['core'],
  migrator: ['core'],
  sdk: ['core'],
  studio: ['core'],
  cli: '*',
  examples: '*',
  tests: '*',
  scripts: [],
}

/** Where `node:*` may be imported; everything else must run in workerd. */
const NODE_PLACES = [
  /^packages\/migrator\/src\/(?!plan\/)/,
  /^packages\/cli\//,
  /^packages\/adapters\/src\/databases\/pglite\//,
  /^(tests|scripts)\//,
  /^examples\/node-/,
  /^examples\/rollout\//,
  /^(packages|examples)\/[^/]+\/test\//,
  /\.(test|config)\.ts$/,
]

const VAGUE_FOLDERS = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'shared', 'lib']
const MAX_FILE_LINES = 400
const MAX_FUNCTION_LINES = 70

/** Packages import only what the table lets them. */
export function whoImportsWhom(tree: Tree): Violation[] {
  return importsOf(tree).flatMap(({ from, specifier, target }) => {
    const room = roomOf(from.path)
    const allowed = MAY_IMPORT[room]
    if (allowed === undefined) return [`${from.path}: the architecture has no place for "${room}"`]
    if (target === null || target === room || allowed === '*' || isTest(from)) return []
    return allowed.includes(target) ? [] : [`${from.path} imports ${specifier}: ${room} may not import ${target}`]
  })
}

/** No file reaches into another package by a relative path. */
export function noWayAroundPackages(tree: Tree): Violation[] {
  return importsOf(tree).flatMap(({ from, specifier, path }) => {
    if (path === null || !specifier.startsWith('.') || ROOT_ROOMS.includes(roomOf(from.path))) return []
    return packageOf(path) === packageOf(from.path) ? [] : [`${from.path} imports ${specifier} past its package`]
  })
}

/** The product does not know its tests. */
export function noTestInTheProduct(tree: Tree): Violation[] {
  return importsOf(tree).flatMap(({ from, specifier, path }) =>
    path !== null && isTestPath(path) && !isTest(from) ? [`${from.path} imports the test ${specifier}`] : [],
  )
}

/** Adapters do not know each other, nor do plugins. */
export function adaptersAndPluginsStandAlone(tree: Tree): Violation[] {
  return importsOf(tree).flatMap(({ from, specifier, path }) => {
    const own = partOf(from.path)
    const other = path === null ? null : partOf(path)
    return own === null || other === null || own === other
      ? []
      : [`${from.path} imports ${specifier}: ${own} → ${other}`]
  })
}

/** `node:*` is for what runs on Node alone, and built-in modules are always written with `node:`. */
export function nodeOnlyWhereAllowed(tree: Tree): Violation[] {
  return importsOf(tree).flatMap(({ from, specifier }) => {
    if (builtinModules.includes(specifier) && !specifier.startsWith('node:')) {
      return [`${from.path} imports ${specifier}: write node:${specifier}`]
    }
    if (!specifier.startsWith('node:') || NODE_PLACES.some((place) => place.test(from.path))) return []
    return [`${from.path} imports ${specifier}: it must run in workerd`]
  })
}

/** Every package that is imported is declared by the package that imports it; tests may use the root's too. */
export function dependenciesAreDeclared(tree: Tree): Violation[] {
  const declared = new Map(tree.manifests.map((manifest) => [manifest.folder, manifest]))
  return importsOf(tree).flatMap(({ from, specifier }) => {
    if (/^([./#]|node:|cloudflare:)/.test(specifier)) return []
    const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
    const own = declared.get(packageOf(from.path))
    const known = [own?.name, ...(own?.dependencies ?? [])]
    if (isTest(from) || own === undefined) known.push(...(declared.get('')?.dependencies ?? []))
    return known.includes(name) ? [] : [`${from.path} imports ${name}, which ${packageOf(from.path)} does not declare`]
  })
}

/** No import cycles: between packages, and between files, types included. */
export function noImportCycles(tree: Tree): Violation[] {
  const files = new Map<string, Set<string>>()
  const packages = new Map<string, Set<string>>()
  for (const { from, path, target } of importsOf(tree)) {
    const room = roomOf(from.path)
    if (path !== null) files.set(from.path, (files.get(from.path) ?? new Set()).add(path))
    if (target === null || target === room || isTest(from) || ROOT_ROOMS.includes(room)) continue
    packages.set(room, (packages.get(room) ?? new Set()).add(target))
  }
  return [...findCycles(packages), ...findCycles(files)].map((cycle) => `import cycle: ${cycle.join(' → ')}`)
}

/** Only what a package's `exports` name may do nothing but re-export. */
export function noBarrels(tree: Tree): Violation[] {
  const entries = tree.manifests.flatMap((manifest) => manifest.entries)
  return tree.files.flatMap((file) =>
    file.isBarrel && !entries.includes(file.path) ? [`${file.path} is a barrel file`] : [],
  )
}

/** Folders say what is in them, files are kebab-case and open with a comment (a test has its module's). */
export function filesSayWhatTheyAre(tree: Tree): Violation[] {
  return tree.files.flatMap(({ path, startsWithComment }) => {
    const folders = path.split('/').slice(0, -1)
    const file = path.split('/').at(-1) ?? ''
    return [
      ...folders.filter((name) => VAGUE_FOLDERS.includes(name)).map((name) => `${path}: "${name}" says nothing`),
      ...(/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/.test(file) ? [] : [`${path} is not kebab-case`]),
      ...(startsWithComment || path.endsWith('.test.ts')
        ? []
        : [`${path} does not open with a comment that says what it is`]),
    ]
  })
}

/** Files and functions stay short enough to be read at once. */
export function sizesAreBounded(tree: Tree): Violation[] {
  return tree.files.flatMap((file) => [
    ...(file.lines > MAX_FILE_LINES ? [`${file.path} has ${file.lines} lines, more than ${MAX_FILE_LINES}`] : []),
    ...file.functions
      .filter(({ lines }) => lines > MAX_FUNCTION_LINES && !isSuite(file))
      .map(({ name, lines }) => `${file.path}: ${name} has ${lines} lines, more than ${MAX_FUNCTION_LINES}`),
  ])
}

/** Default exports are for the tools that demand one. */
export function noDefaultExports(tree: Tree): Violation[] {
  return tree.files.flatMap(({ path, hasDefaultExport }) =>
    hasDefaultExport && !/\.config\.ts$/.test(path) && !/^examples\/[^/]+\/src\/worker\.ts$/.test(path)
      ? [`${path} has a default export`]
      : [],
  )
}

/** A test, or what tests of a package share (`packages/x/test/`). */
function isTest({ path }: SourceFile): boolean {
  return isTestPath(path)
}

function isTestPath(path: string): boolean {
  return path.endsWith('.test.ts') || /^(tests|(packages|examples)\/[^/]+\/test)\//.test(path)
}

/** A function that is a list of tests may be as long as the list. */
function isSuite(file: SourceFile): boolean {
  return isTest(file) || file.path.startsWith('packages/adapters/src/testing/')
}

/** The adapter or plugin that a file belongs to, or null. */
function partOf(path: string): string | null {
  const match = /^packages\/(?:adapters\/src\/((?:databases|buses)\/[^/]+)|plugins\/src\/([^/]+))\//.exec(path)
  return match ? (match[1] ?? match[2] ?? null) : null
}
