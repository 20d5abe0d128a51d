/** A migrator as a process of its own that kills itself, with nobody to clean up after it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('killed-migrator.ts', import.meta.url))
/** Longer than the lease of such a migrator. */
const LEASE_OVER_MS = 400

export interface Death {
  readonly until: 'live' | 'done'
  readonly token?: string
  /** A statement as `withKillPoint` counts them, or `range:3`: while it fills the third range of rows. */
  readonly at: number | `range:${number}`
  readonly when: 'before' | 'after'
}

/**
 * @param url the owner's.
 * @returns once its lease is over, whether it was killed; false where it came to its end before that.
 * @throws with what it wrote where it ended in any other way.
 */
export async function runKilled(url: string, id: string, { until, token, at, when }: Death): Promise<boolean> {
  const args = ['--conditions=@backsaas/source', SCRIPT, url, id, until, token ?? '', String(at), when]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const [code, signal] = await once(child, 'close')
  if (signal === null && code === 0) return false
  if (signal !== 'SIGKILL')
    throw new Error(`a migrator to be killed ${when} ${at} ended by ${signal ?? code}: ${errors}`)
  await new Promise((resolve) => setTimeout(resolve, LEASE_OVER_MS))
  return true
}
