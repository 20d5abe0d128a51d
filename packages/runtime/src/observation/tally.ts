/** How a version serves, counted as it does: see `Usage`. */
import { bucketOf, TIME_BUCKETS } from '@backsaas/core'

/** Counts of one version, its views included; they only grow. */
export interface Tally {
  /** How often it was asked for. */
  count: number
  answered: number
  failed: number
  refused: number
  readonly times: number[]
}

export function createTally(): Tally {
  return { count: 0, answered: 0, failed: 0, refused: 0, times: Array<number>(TIME_BUCKETS).fill(0) }
}

/** Counts one answer. */
export function tally(counts: Tally, status: number, ms: number): void {
  counts.answered += 1
  if (status >= 500) counts.failed += 1
  else if (status === 400 || status === 409 || status === 422) counts.refused += 1
  const bucket = bucketOf(ms)
  counts.times[bucket] = (counts.times[bucket] ?? 0) + 1
}
