/** How a version serves, as runtimes count it and roll-outs judge it: answers, what of them failed, and how long they took. */
import type { Json } from './json.ts'

/** Counts since the version was loaded; they only grow. */
export interface Usage {
  /** Data requests that were answered. */
  readonly answered: number
  /** Of these with a status of 500 and above. */
  readonly failed: number
  /** Of these with 400, 409 or 422: what the version itself refuses, and another might not. */
  readonly refused: number
  /** Answers by duration: bucket `b` holds those of less than `durationOf(b + 1)` milliseconds. */
  readonly times: readonly number[]
}

/** Four buckets an octave, from an eighth of a millisecond to a minute: 19 % apart. */
export const TIME_BUCKETS = 76
const FIRST_MS = 0.125
const PER_OCTAVE = 4

/** @example bucketOf(1) // 12 */
export function bucketOf(ms: number): number {
  if (!(ms > FIRST_MS)) return 0
  return Math.min(TIME_BUCKETS - 1, Math.floor(Math.log2(ms / FIRST_MS) * PER_OCTAVE))
}

/** Where the bucket begins, in milliseconds. @example durationOf(12) // 1 */
export function durationOf(bucket: number): number {
  return FIRST_MS * 2 ** (bucket / PER_OCTAVE)
}

export const NO_USAGE: Usage = { answered: 0, failed: 0, refused: 0, times: [] }

/** @example addUsage(a, b).answered // a.answered + b.answered */
export function addUsage(a: Usage, b: Usage): Usage {
  return combine(a, b, (x, y) => x + y)
}

/** What was counted since `before`; where the counts went back, all of them. */
export function usageSince(now: Usage, before: Usage): Usage {
  return now.answered < before.answered ? now : combine(now, before, (x, y) => Math.max(0, x - y))
}

/**
 * The duration that `share` of the answers did not exceed, in milliseconds; null where there are none.
 *
 * @example quantile(usage, 0.95)
 */
export function quantile({ times }: Pick<Usage, 'times'>, share: number): number | null {
  const total = times.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  let left = total * share
  for (const [bucket, count] of times.entries()) {
    if (count > 0 && left <= count) {
      const [from, to] = [durationOf(bucket), durationOf(bucket + 1)]
      return from + (to - from) * (left / count)
    }
    left -= count
  }
  return durationOf(times.length)
}

/** As it stands in `runtimes.serving`: `times` as pairs of bucket and count, without the empty ones. */
export function usageJson({ answered, failed, refused, times }: Usage): Readonly<Record<string, Json>> {
  const pairs = times.flatMap((count, bucket) => (count > 0 ? [[bucket, count]] : []))
  return { answered, failed, refused, times: pairs }
}

/** The opposite; of what a runtime of another release wrote, what can be read. */
export function readUsage(json: Json | undefined): Usage {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return NO_USAGE
  const { answered, failed, refused, times: pairs } = json as Readonly<Record<string, Json>> // an object, seen above
  const times: number[] = []
  for (const pair of Array.isArray(pairs) ? pairs : []) {
    const [bucket, n] = Array.isArray(pair) ? pair : []
    if (typeof bucket !== 'number' || !(bucket >= 0 && bucket < TIME_BUCKETS)) continue
    while (times.length <= bucket) times.push(0)
    times[Math.floor(bucket)] = count(n)
  }
  return { answered: count(answered), failed: count(failed), refused: count(refused), times }
}

function count(value: Json | undefined): number {
  return typeof value === 'number' && value > 0 ? value : 0
}

function combine(a: Usage, b: Usage, each: (x: number, y: number) => number): Usage {
  const length = Math.max(a.times.length, b.times.length)
  return {
    answered: each(a.answered, b.answered),
    failed: each(a.failed, b.failed),
    refused: each(a.refused, b.refused),
    times: Array.from({ length }, (_, i) => each(a.times[i] ?? 0, b.times[i] ?? 0)),
  }
}
