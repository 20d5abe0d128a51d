/** One process at a time in a data folder: PGlite itself does not notice a second, and the two would destroy it. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BackSaasError } from '@backsaas/core'

export interface FolderLock {
  release(): Promise<void>
}

/** Who holds a folder: `started` tells a process from a later one that was given the same number. */
interface Holder {
  readonly pid: number
  readonly started: string | null
  readonly token: string
}

/** The tokens of this process, which may also hold several folders, or try for the same one twice. */
const own = new Set<string>()

/**
 * Takes the folder for this process, and makes it where it is not there; the lock of a process that is gone is taken
 * over.
 *
 * @throws `DATA_FOLDER_UNUSABLE` (503) where another process has it, or it cannot be written.
 * @example const lock = await lockFolder('.backsaas/postgres')
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const file = join(folder, 'lock')
  const token = crypto.randomUUID()
  try {
    await makeFolder(folder)
    const mine: Holder = { pid: process.pid, started: await startOf(process.pid), token }
    if (!(await create(file, mine))) await takeOver(folder, file, mine)
  } catch (error) {
    if (error instanceof BackSaasError) throw error
    throw unusable(`the data folder ${folder} cannot be written`, 'give a folder that this user may write', error)
  }
  own.add(token)
  return {
    async release() {
      own.delete(token)
      if ((await readHolder(file))?.token === token) await rm(file, { force: true })
    },
  }
}

/** Not `recursive: true`, which never returns where the parent is there and takes no folders, as in `/proc`. */
async function makeFolder(folder: string): Promise<void> {
  if (existsSync(folder)) return
  if (dirname(folder) !== folder) await makeFolder(dirname(folder))
  try {
    await mkdir(folder)
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
  }
}

/** False where the file is there already. */
async function create(file: string, holder: Holder): Promise<boolean> {
  try {
    await writeFile(file, JSON.stringify(holder), { flag: 'wx' })
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw error
  }
}

async function takeOver(folder: string, file: string, mine: Holder): Promise<void> {
  const holder = await readSettled(file)
  if (holder && (await isAlive(holder))) throw inUse(folder, file, holder)
  await rm(file, { force: true })
  const created = await create(file, mine)
  // Two that found the same dead holder may both have removed and created: the last file stays, and names one.
  await sleep(100)
  const winner = await readHolder(file)
  if (!created || winner?.token !== mine.token) throw inUse(folder, file, winner)
}

/** A file that its process has not finished writing is read again; one that stays broken belongs to nobody. */
async function readSettled(file: string): Promise<Holder | null> {
  const holder = await readHolder(file)
  if (holder) return holder
  await sleep(100)
  return readHolder(file)
}

async function readHolder(file: string): Promise<Holder | null> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null
    throw error
  }
  try {
    const { pid, started, token }: Partial<Holder> = JSON.parse(text)
    if (typeof pid !== 'number' || typeof token !== 'string') return null
    return { pid, started: started ?? null, token }
  } catch {
    return null
  }
}

async function isAlive({ pid, started, token }: Holder): Promise<boolean> {
  if (pid === process.pid) return own.has(token)
  try {
    process.kill(pid, 0)
  } catch (error) {
    return isCode(error, 'EPERM')
  }
  const now = await startOf(pid)
  return started === null || now === null || started === now
}

/** When a process began, in ticks since the machine did; null where the system does not tell. */
async function startOf(pid: number): Promise<string | null> {
  if (process.platform !== 'linux') return null
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The second field, the command in brackets, may hold blanks; the 22nd is the start.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

function inUse(folder: string, file: string, holder: Holder | null): BackSaasError {
  const who = holder ? `process ${holder.pid}` : 'another process'
  return unusable(
    `the data folder ${folder} is in use by ${who}`,
    `stop that process or give another folder; if it is none of BackSaaS, remove ${file}`,
  )
}

function unusable(message: string, hint: string, cause?: unknown): BackSaasError {
  return new BackSaasError('DATA_FOLDER_UNUSABLE', 503, message, { hint, cause })
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
