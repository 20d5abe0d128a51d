/**
 * One backfill step: ranges of the primary key, each a transaction with its checkpoint; what cannot be converted is put aside.
 *
 * A range is one round trip: its rows are filled, the place is kept, and the range after it is found, which needs nothing of it but where
 * it ends. Keys do not change, so a range is the same rows later, and those that have come meanwhile.
 */
import { DatabaseError } from '@backsaas/core'
import { pause } from './attempts.ts'
import { createPace } from './backfill-pace.ts'
import { type BackfillRun, fillRange, nextRange, type Range, rangeAfter, readRange } from './backfill-statements.ts'
import { othersWrite } from './health.ts'
import type { MigrationProblem } from './migration-row.ts'
import { quarantine, retryQuarantined } from './quarantine.ts'

/** Between two looks at the database's health. */
const HEALTH_EVERY_MS = 250
/** A value of a row that is wrong, and nothing that passes. */
const BAD_ROW = /^(?:22|23502|23505|23514|23503)/

/** @returns what is left that could not be converted; null where nothing is. */
export async function backfillRows(run: BackfillRun): Promise<MigrationProblem | null> {
  const pace = createPace()
  let { cursor, rowsDone } = run
  let lookedAtMs = Number.NEGATIVE_INFINITY
  const find = (from: string | null): Promise<Range | null> =>
    run.commit((transaction) => nextRange(transaction, run.step.backfill, from, pace.rows))
  let next = await find(cursor)
  while (next) {
    const range = next
    if (performance.now() - lookedAtMs > HEALTH_EVERY_MS) {
      await untilHealthy(run)
      lookedAtMs = performance.now()
    }
    if (run.stopped()) return null
    try {
      const filled = await fill(run, { from: cursor, range, rowsDone, size: pace.rows })
      pace.took({ rows: range.rows, ...filled })
      next = filled.next
    } catch (error) {
      if (!isBadRow(error)) throw error
      if (range.rows > 1) {
        pace.failed(range.rows)
        next = await find(cursor)
        continue
      }
      await run.advance(range.last, rowsDone + 1, [quarantine(run, range.last, error)])
      next = await find(range.last)
    }
    cursor = range.last
    rowsDone += range.rows
  }
  return retryQuarantined(run)
}

interface Batch {
  readonly from: string | null
  readonly range: Range
  readonly rowsDone: number
  /** Of the range after it. */
  readonly size: number
}

interface Filled {
  readonly next: Range | null
  readonly ms: number
  readonly othersWrite: boolean
}

async function fill(run: BackfillRun, { from, range, rowsDone, size }: Batch): Promise<Filled> {
  const { backfill } = run.step
  const startedAtMs = performance.now()
  const [, , found, others] = await run.advance(range.last, rowsDone + range.rows, [
    ...fillRange(backfill, from, range.last),
    rangeAfter(backfill, range.last, size),
    othersWrite(backfill.table),
  ])
  return {
    next: readRange(found?.rows ?? []),
    ms: performance.now() - startedAtMs,
    othersWrite: others?.rows[0]?.[0] === 'true',
  }
}

function isBadRow(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && BAD_ROW.test(error.fields.sqlState)
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
