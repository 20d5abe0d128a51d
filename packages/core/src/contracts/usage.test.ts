import { expect, test } from 'vitest'
import { addUsage, bucketOf, durationOf, quantile, readUsage, TIME_BUCKETS, usageJson, usageSince } from './usage.ts'

const usage = (answered: number, failed: number, refused: number, ...times: number[]) => ({
  ...{ answered, failed, refused, times },
})

test('a duration is in the bucket that begins at most 19 % before it', () => {
  for (const ms of [0.2, 1, 3.7, 42, 999, 30_000]) {
    const bucket = bucketOf(ms)
    expect(durationOf(bucket)).toBeLessThanOrEqual(ms)
    expect(durationOf(bucket + 1)).toBeGreaterThan(ms)
    expect(durationOf(bucket + 1) / durationOf(bucket)).toBeCloseTo(2 ** 0.25)
  }
  expect([0, -1, Number.NaN].map(bucketOf)).toEqual([0, 0, 0])
  expect(bucketOf(1e9)).toBe(TIME_BUCKETS - 1)
})

test('counts are added, and taken from each other; a process that began anew counts whole', () => {
  const [a, b] = [usage(3, 1, 0, 1, 2), usage(5, 1, 2, 1, 3, 1)]
  expect(addUsage(a, b)).toEqual(usage(8, 2, 2, 2, 5, 1))
  expect(usageSince(b, a)).toEqual(usage(2, 0, 2, 0, 1, 1))
  expect(usageSince(a, b)).toEqual(a)
})

test('a quantile lies within its bucket; of nothing there is none', () => {
  const times = Array<number>(TIME_BUCKETS).fill(0)
  times[bucketOf(10)] = 95
  times[bucketOf(100)] = 5
  expect(quantile({ times }, 0.5)).toBeCloseTo(10, -1)
  expect(quantile({ times }, 0.95)).toBeLessThan(12)
  expect(quantile({ times }, 0.96)).toBeGreaterThan(80)
  expect(quantile({ times: [] }, 0.5)).toBeNull()
})

test('what is written is read again; nonsense is nothing', () => {
  const whole = usage(7, 1, 2, 0, 3, 0, 4)
  expect(readUsage(JSON.parse(JSON.stringify(usageJson(whole))))).toEqual(whole)
  for (const json of [null, 3, [], 'x', { answered: -1, times: [[-1, 2], 'x', [999, 1]] }])
    expect(readUsage(json)).toEqual(usage(0, 0, 0))
})
