/** One backfill step: ranges of the primary key, each a transaction with its checkpoint; what cannot be converted is put aside. */
import { DatabaseError } from '@backsaas/core'
import { pause } from './attempts.ts'
import { type BackfillRun, fillRange, nextRange } from './backfill-statements.ts'
import type { MigrationProblem } from './migration-row.ts'
import { quarantine, retryQuarantined } from './quarantine.ts'

/**
 * What a batch aims at, and its bounds in rows. A client that writes a row of the batch waits for its end, so that this is what its p99
 * becomes; shorter ones cost more commits than they bring.
 */
const TARGET_MS = 40
const ROWS = { first: 1_000, max: 50_000 } as const
/** What takes that long with so few rows is not the rows: fewer of them would be slower, and no shorter. */
const SHRUNK_MIN = 100
/** A value of a row that is wrong, and nothing that passes. */
const BAD_ROW = /^(?:22|23502|23505|23514|23503)/

/** @returns what is left that could not be converted; null where nothing is. */
export async function backfillRows(run: BackfillRun): Promise<MigrationProblem | null> {
  const { backfill } = run.step
  let { cursor, rowsDone } = run
  let size: number = ROWS.first
  for (;;) {
    await untilHealthy(run)
    if (run.stopped()) return null
    const from = cursor
    const startedAtMs = performance.now()
    try {
      const batch = await run.commit(async (transaction) => {
        const range = await nextRange(transaction, backfill, from, size)
        if (!range) return null
        await fillRange(transaction, backfill, from, range.last)
        await run.keep(transaction, range.last, rowsDone + range.rows)
        return range
      })
      if (!batch) break
      cursor = batch.last
      rowsDone += batch.rows
      size = adapted(size, performance.now() - startedAtMs)
    } catch (error) {
      if (!isBadRow(error)) throw error
      if (size > 1) {
        size = Math.max(1, Math.floor(size / 4))
        continue
      }
      const skipped = await putAside(run, from, rowsDone, error)
      if (skipped) cursor = skipped
      rowsDone += 1
    }
  }
  return retryQuarantined(run)
}

/** A quarter of a batch that failed, until the row is alone; then it grows again. */
function adapted(size: number, tookMs: number): number {
  const factor = Math.min(2, Math.max(0.5, TARGET_MS / Math.max(tookMs, 1)))
  const least = Math.min(size, SHRUNK_MIN)
  return Math.min(ROWS.max, Math.max(least, Math.round(size * factor), size < 8 ? size * 2 : 0))
}

function isBadRow(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && BAD_ROW.test(error.fields.sqlState)
}

async function putAside(
  run: BackfillRun,
  from: string | null,
  rowsDone: number,
  error: DatabaseError,
): Promise<string | null> {
  return run.commit(async (transaction) => {
    const range = await nextRange(transaction, run.step.backfill, from, 1)
    if (!range) return null
    await quarantine(transaction, run, range.last, error)
    await run.keep(transaction, range.last, rowsDone + 1)
    return range.last
  })
}

async function untilHealthy(run: BackfillRun): Promise<void> {
  let told = false
  for (;;) {
    const reason = await run.health()
    if (reason === null || run.stopped()) break
    await run.paused(reason)
    told = true
    await pause(300)
  }
  if (told) await run.paused(null)
}
