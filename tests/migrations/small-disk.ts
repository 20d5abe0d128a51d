/** A disk of a few megabytes that Postgres can have a tablespace on, where this machine lets us make one. */
import { execFileSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SmallDisk {
  readonly path: string
  /** Leaves no room but so much. */
  fill(leftBytes: number): void
  makeRoom(): void
  remove(): void
}

/**
 * @param dataDirectory of the server, as it says.
 * @returns null where the server is elsewhere, or nothing may be mounted.
 */
export function makeSmallDisk(dataDirectory: string, bytes: number): SmallDisk | null {
  const path = mkdtempSync('/tmp/backsaas-small-disk-')
  try {
    const { uid, gid } = statSync(dataDirectory)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path], { stdio: 'ignore' })
    chownSync(path, uid, gid)
  } catch {
    rmdirSync(path)
    return null
  }
  const ballast = join(path, 'ballast')
  return {
    path,
    fill(leftBytes) {
      const free = Number(execFileSync('df', ['--output=avail', '-B1', path]).toString().split('\n')[1])
      writeFileSync(ballast, Buffer.alloc(Math.max(0, free - leftBytes)))
    },
    makeRoom: () => rmSync(ballast, { force: true }),
    remove() {
      execFileSync('umount', [path])
      rmdirSync(path)
    },
  }
}
