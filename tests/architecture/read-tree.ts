/** The repository as the rules see it: its source files and what each package declares. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readSourceFile, type SourceFile } from './source-file.ts'

export interface Manifest {
  /** The folder of the package, from the root of the repository: `packages/core`; empty for the root itself. */
  readonly folder: string
  readonly name: string
  /** Dependencies of every kind. */
  readonly dependencies: readonly string[]
  /** The source files that its `exports` and `bin` point to, from the root of the repository. */
  readonly entries: readonly string[]
}

export interface Tree {
  readonly files: readonly SourceFile[]
  readonly manifests: readonly Manifest[]
}

export const repository: string = fileURLToPath(new URL('../..', import.meta.url))

const PLACES = ['packages', 'examples', 'tests', 'scripts']
const SKIPPED = ['node_modules', 'dist']

/** Reads all sources and manifests of the repository in `root`. */
export function readTree(root: string): Tree {
  const paths = PLACES.filter((place) => existsSync(join(root, place))).flatMap((place) =>
    readdirSync(join(root, place), { recursive: true, encoding: 'utf8' })
      .map((path) => join(place, path).split(sep).join('/'))
      .filter((path) => !path.split('/').some((part) => SKIPPED.includes(part))),
  )
  const folders = paths.filter((path) => path.endsWith('/package.json')).map((path) => dirname(path))
  return {
    files: paths
      .filter((path) => /\.(ts|tsx|mts|mjs|js)$/.test(path) && !path.endsWith('.d.ts'))
      .map((path) => readSourceFile(path, readFileSync(join(root, path), 'utf8'))),
    manifests: ['', ...folders].map((folder) => readManifest(root, folder)),
  }
}

function readManifest(root: string, folder: string): Manifest {
  const manifest: unknown = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  const sections = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies']
  return {
    folder,
    name: String(member(manifest, 'name')),
    dependencies: sections.flatMap((section) => Object.keys(Object(member(manifest, section)))),
    entries: texts(member(manifest, 'exports'))
      .filter((path) => path.startsWith('./') && path.endsWith('.ts'))
      .map((path) => `${folder}/${path.slice(2)}`),
  }
}

function member(value: unknown, key: string): unknown {
  return Object(value)[key]
}

/** Every text in a JSON value, however deep. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : []
}
