/** What has to hold after the five processes, however they were treated. */
import { deepEqual, ok } from 'node:assert/strict'
import type { Outcome } from './run-five.ts'

/** @throws where something is lost, unexpected or never came to be. */
export function checkOutcome(outcome: Outcome): void {
  deepEqual(outcome.unexpected, [])
  deepEqual(outcome.lost, [])
  for (const [slug, marks] of outcome.acknowledged) ok(marks.size > 50, `${slug} wrote ${marks.size} rows`)
  deepEqual(
    { shown: outcome.shown, unsent: outcome.unsent, untold: outcome.untold },
    { shown: 5, unsent: 0, untold: 0 },
  )
}
