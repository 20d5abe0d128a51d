/** A prepared database that is kept between runs: to load it takes a tenth of what it takes to make it. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface DumpCache {
  /** Null where none is kept. */
  read(): Blob | null
  /** @throws the system's error where it cannot be written. */
  write(dump: Blob): Promise<void>
  remove(): void
}

const PREFIX = 'prepared-'
/** Of several versions of the product, used side by side. */
const KEPT = 3

/**
 * In the user's cache folder, by the content of all that makes it: another version finds none.
 *
 * @param env where `XDG_CACHE_HOME` or `LOCALAPPDATA` may say another folder.
 */
export function createDumpCache(env: Readonly<Record<string, string | undefined>>): DumpCache {
  const folder = join(cacheFolder(env), 'backsaas')
  const path = join(folder, `${PREFIX}${contentKey()}.tar`)
  return {
    read: () => (existsSync(path) ? new Blob([readFileSync(path)]) : null),
    async write(dump) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      // Another process may read meanwhile, or write the same.
      const draft = `${path}.${process.pid}`
      writeFileSync(draft, Buffer.from(await dump.arrayBuffer()), { mode: 0o600 })
      renameSync(draft, path)
      for (const old of dumpsIn(folder).slice(KEPT)) rmSync(old, { force: true })
    },
    remove: () => rmSync(path, { force: true }),
  }
}

function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  if (env.XDG_CACHE_HOME) return env.XDG_CACHE_HOME
  if (process.platform === 'win32') return env.LOCALAPPDATA || join(homedir(), 'AppData', 'Local')
  return process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache')
}

/** The newest first. */
function dumpsIn(folder: string): readonly string[] {
  const paths = readdirSync(folder).filter((name) => name.startsWith(PREFIX) && name.endsWith('.tar'))
  const dated = paths.map((name) => join(folder, name)).map((path) => ({ path, madeMs: statSync(path).mtimeMs }))
  return dated.sort((a, b) => b.madeMs - a.madeMs).map(({ path }) => path)
}

/** This package's manifest, which names the exact database; the migrator's own files, the platform's schema among them, as they are in a package or in a clone. */
function contentKey(): string {
  const entry = new URL(import.meta.resolve('@backsaas/migrator'))
  const folder = fileURLToPath(new URL('.', entry))
  const own = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  const files = [
    ...own.map((name) => join(folder, name)),
    fileURLToPath(new URL('../../../schemas/platform.yaml', entry)),
  ]
  const hash = createHash('sha256').update(readFileSync(new URL('../../package.json', import.meta.url)))
  for (const file of files)
    if (existsSync(file) && statSync(file).isFile()) hash.update(file.slice(-40)).update(readFileSync(file))
  return hash.digest('hex').slice(0, 24)
}
