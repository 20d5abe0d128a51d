/** Starts PGlite, in memory or in a folder that it has for itself. */
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BackSaasError } from '@backsaas/core'
import { PGlite } from '@electric-sql/pglite'
import { lockFolder } from './lock-folder.ts'

export interface Instance {
  readonly pg: PGlite
  close(): Promise<void>
}

/** So that values read the same as on any other server. */
const SAME_TEXT = `set timezone = 'UTC'; set datestyle = 'ISO, MDY'; set intervalstyle = 'postgres'; set bytea_output = 'hex'`

/**
 * Starts PGlite; in `folder`, the cluster is in `data`, the lock in `lock`, and `complete` says that the cluster was
 * made to its end: one that is not complete holds nothing that was ever acknowledged, and is made again.
 *
 * @throws `DATA_FOLDER_UNUSABLE` (503) where the folder is in use, cannot be written or holds no sound cluster.
 */
export async function openInstance(folder: string | undefined, loadDataDir: Blob | undefined): Promise<Instance> {
  if (folder === undefined) {
    const pg = await start({ ...(loadDataDir && { loadDataDir }) })
    return { pg, close: () => pg.close() }
  }
  const lock = await lockFolder(folder)
  try {
    const pg = await startIn(folder, loadDataDir)
    return {
      pg,
      async close() {
        await pg.close()
        await lock.release()
      },
    }
  } catch (error) {
    await lock.release()
    if (error instanceof BackSaasError) throw error
    const message = `PGlite does not start in the data folder ${folder}: ${String(error)}`
    throw new BackSaasError('DATA_FOLDER_UNUSABLE', 503, message, {
      hint: 'is it a folder of another version, or the disk full? Move it away to begin anew',
      cause: error,
    })
  }
}

async function startIn(folder: string, loadDataDir: Blob | undefined): Promise<PGlite> {
  const dataDir = join(folder, 'data')
  const mark = join(folder, 'complete')
  if (existsSync(mark)) return start({ dataDir })
  await rm(dataDir, { recursive: true, force: true })
  const pg = await start({ dataDir, ...(loadDataDir && { loadDataDir }) })
  await writeFile(mark, '')
  return pg
}

async function start(options: { dataDir?: string; loadDataDir?: Blob }): Promise<PGlite> {
  const pg = await PGlite.create(options)
  await pg.exec(SAME_TEXT)
  return pg
}
