/** Every import of the tree, resolved to the room and the file it leads to. */
import { posix } from 'node:path'
import type { Tree } from './read-tree.ts'
import type { SourceFile } from './source-file.ts'

export interface Import {
  readonly from: SourceFile
  readonly specifier: string
  /** The room of ours that it leads to, or null where it leads outside. */
  readonly target: string | null
  /** The file of ours that it leads to, where that can be told from the specifier alone. */
  readonly path: string | null
}

/** Rooms that are not under `packages/`. */
export const ROOT_ROOMS: readonly string[] = ['examples', 'tests', 'scripts']

/** All imports of `tree`, in its order. */
export function importsOf(tree: Tree): Import[] {
  const names = new Map(tree.manifests.map(({ name, folder }) => [name, folder]))
  return tree.files.flatMap((from) =>
    from.imports.map((specifier) => {
      if (specifier.startsWith('.')) {
        const path = posix.join(posix.dirname(from.path), specifier)
        return { from, specifier, target: roomOf(path), path }
      }
      const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
      const folder = names.get(name)
      return { from, specifier, target: folder === undefined ? null : roomOf(`${folder}/`), path: null }
    }),
  )
}

/** `packages/core/src/x.ts` → `core`; `tests/x.ts` → `tests`. */
export function roomOf(path: string): string {
  const [first = '', second = ''] = path.split('/')
  return first === 'packages' ? second : first
}

/** `packages/core/src/x.ts` → `packages/core`, the folder of the manifest that stands for a file. */
export function packageOf(path: string): string {
  const parts = path.split('/')
  if (parts[0] === 'packages' || parts[0] === 'examples') return parts.slice(0, 2).join('/')
  return parts[0] === 'tests' ? 'tests' : ''
}
