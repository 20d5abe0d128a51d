/** Waits for what a process cannot do without: another one may be starting it, or setting it up. */
import { setTimeout as delay } from 'node:timers/promises'
import { BackSaasError, type Observe } from '@backsaas/core'

const MAY_COME = ['DATABASE_UNREACHABLE', 'NOT_BOOTSTRAPPED']
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5_000

/**
 * Runs `start` until it succeeds.
 *
 * @param passes whether a failure may be over another time; those of a database that is away, or not set up yet, unless given.
 * @returns what it answers; null where the process is asked to stop before.
 * @throws whatever will not pass by itself.
 */
export async function becomeReady<T>(
  start: () => Promise<T>,
  observe: Observe,
  stopped: Promise<void>,
  passes: (error: unknown) => boolean = mayCome,
): Promise<T | null> {
  const asked = stopped.then(() => null)
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await Promise.race([start(), asked])
    } catch (error) {
      if (!passes(error)) throw error
      observe({ kind: 'error', code: error instanceof BackSaasError ? error.code : 'NOT_READY', error })
    }
    const isOver = await Promise.race([delay(pauseMs, false, { ref: false }), asked.then(() => true)])
    if (isOver) return null
  }
}

function mayCome(error: unknown): boolean {
  return error instanceof BackSaasError && MAY_COME.includes(error.code)
}
