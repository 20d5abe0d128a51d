/** Closes what was opened, the last first. */
import { setTimeout as delay } from 'node:timers/promises'
import { BackSaasError } from '@backsaas/core'

export type Close = () => Promise<void>

const CLOSE_MS = 15_000

/**
 * Closes everything, also what comes after something that would not close.
 *
 * @throws the first failure, once all were tried; `CLOSE_TIMEOUT` (500) where that takes too long.
 * @example await closeAll([() => database.close(), () => runtime.close()]) // the runtime, then the database
 */
export async function closeAll(open: readonly Close[]): Promise<void> {
  const inTime = await Promise.race([closeEach(open), delay(CLOSE_MS, false, { ref: false })])
  if (!inTime) throw new BackSaasError('CLOSE_TIMEOUT', 500, `it did not close within ${CLOSE_MS} ms`)
}

async function closeEach(open: readonly Close[]): Promise<true> {
  const failures: unknown[] = []
  for (const close of open.toReversed()) await close().catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
  return true
}
