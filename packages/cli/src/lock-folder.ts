/** One process at a time in a folder: a listening socket, which the system closes however its process ends. */
import { createHash } from 'node:crypto'
import { mkdirSync, realpathSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BackSaasError } from '@backsaas/core'

export interface Lock {
  release(): Promise<void>
}

/**
 * Takes the folder for this process, and makes it where it is not there.
 *
 * @throws `FOLDER_IN_USE` (409) where another process holds it.
 * @example const lock = await lockFolder('.backsaas')
 */
export async function lockFolder(folder: string): Promise<Lock> {
  mkdirSync(folder, { recursive: true })
  const address = addressOf(realpathSync(folder))
  const server = (await listen(address)) ?? (await listenAgain(address))
  if (server === null) {
    throw new BackSaasError('FOLDER_IN_USE', 409, `another process uses the folder ${folder}`, {
      hint: 'stop it, or set BACKSAAS_DATA to another folder',
    })
  }
  server.unref()
  return { release: () => new Promise((resolve) => server.close(() => resolve())) }
}

/** Socket paths are short (about 100 bytes), so a folder is named by its hash. */
function addressOf(folder: string): string {
  const name = `backsaas-${createHash('sha256').update(folder).digest('hex').slice(0, 24)}`
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.lock`)
}

/** Null where the address is taken. */
function listen(address: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(null) : reject(error)))
    server.listen(address, () => resolve(server))
  })
}

/** A socket whose process was killed stays as a file that nobody answers at: it is taken over. */
async function listenAgain(address: string): Promise<Server | null> {
  if (await isAnswered(address)) return null
  rmSync(address, { force: true })
  return listen(address)
}

function isAnswered(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
