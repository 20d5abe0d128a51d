/** Tells when files change, however an editor writes them. */
import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'

export interface FileWatch {
  /** Resolves at the next change after the last call; at once where there was one meanwhile. */
  changed(): Promise<void>
  close(): void
}

/** Editors write a file in several steps. */
const QUIET_MS = 80

/** @param files may come and go: their folders are watched. */
export function watchFiles(files: readonly string[]): FileWatch {
  const byFolder = Map.groupBy([...new Set(files.map((file) => resolve(file)))], dirname)
  let timer: NodeJS.Timeout | undefined
  let pending = false
  let tell: (() => void) | null = null
  const note = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      pending = true
      tell?.()
    }, QUIET_MS)
  }
  const watchers = [...byFolder].map(([folder, own]): FSWatcher => {
    const names = new Set(own.map((path) => basename(path)))
    return watch(folder, (_event, name) => {
      if (name === null || names.has(name)) note()
    })
  })
  return {
    async changed() {
      if (!pending) {
        await new Promise<void>((done) => {
          tell = done
        })
      }
      pending = false
      tell = null
    },
    close() {
      clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
    },
  }
}
