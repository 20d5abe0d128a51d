/** How clients are answered while a backfill runs, held against how they were before: by what runtimes count, and tell with their beats. */
import { addUsage, quantile, type Usage } from '@backsaas/core'
import { type Counted, healthSince, milliseconds, percent, share } from '../rollouts/health.ts'

/** Runtimes tell every few seconds; more looks would see the same. */
const LOOK_EVERY_MS = 2000
/** Answers. Of fewer a 99th percentile is the slowest two. */
const ENOUGH = 200
/** How much larger the share of answers that failed may be than before. */
const ERROR_RATE = 0.01
/** So few can be chance. */
const FEW = 3
const P99_RATIO = 2
/** Of a p99 of a few milliseconds, twice as long is nothing. */
const SLACK_MS = 20
/** What has not become better after so long a pause does not come of the backfill. */
const PATIENCE_MS = 60_000

/**
 * Its first call is the mark from which is counted; what was counted until then is how it was before.
 *
 * @param now milliseconds of a clock.
 * @returns a function that answers why the backfill should pause; null where it may go on.
 * @example const health = createClientHealth(() => migratorTransaction(database, (one) => readCounted(one, platform, migration)))
 */
export function createClientHealth(
  read: () => Promise<Counted>,
  now: () => number = () => performance.now(),
): () => Promise<string | null> {
  let before: Usage | null = null
  let mark: Counted = new Map()
  let lookedAtMs = Number.NEGATIVE_INFINITY
  let reason: string | null = null
  let pausedAtMs = 0

  return async () => {
    if (now() - lookedAtMs < LOOK_EVERY_MS) return reason
    lookedAtMs = now()
    const counted = await read()
    const since = answersSince(counted, mark)
    if (before === null) {
      before = since
      mark = counted
    } else if (reason !== null && now() - pausedAtMs > PATIENCE_MS) {
      // From now on this is how it is.
      if (since.answered >= ENOUGH) before = since
      mark = counted
      reason = null
    } else if (since.answered >= ENOUGH) {
      mark = counted
      const found = judge(since, before)
      if (reason === null) pausedAtMs = now()
      reason = found
    }
    return reason
  }
}

/** Of all versions that serve. */
function answersSince(counted: Counted, mark: Counted): Usage {
  const { from, to } = healthSince(counted, mark)
  return addUsage(from, to)
}

function judge(since: Usage, before: Usage): string | null {
  const [failed, failedBefore] = [since, before].map((usage) => share(usage.failed, usage.answered)) as [number, number]
  if (since.failed >= FEW && failed > failedBefore + ERROR_RATE)
    return `${percent(failed)} of ${since.answered} answers failed, ${percent(failedBefore)} before`
  const [p99, p99Before] = [quantile(since, 0.99), before.answered < ENOUGH ? null : quantile(before, 0.99)]
  if (p99 !== null && p99Before !== null && p99 > p99Before * P99_RATIO + SLACK_MS)
    return `the p99 of clients is ${milliseconds(p99)}, and was ${milliseconds(p99Before)} before`
  return null
}
