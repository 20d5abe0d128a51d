/** Batches are short where others write, long where nobody does, and as many rows as fit. */
import { expect, test } from 'vitest'
import { createPace, type Pace } from './backfill-pace.ts'

/** Rows that take 0.01 ms each, and 2 ms a batch, for so many ms; `writers` says when somebody else is seen. */
function run(pace: Pace, at: { ms: number }, forMs: number, writers: (ms: number) => boolean): number[] {
  const took: number[] = []
  let rows = pace.rows
  for (const until = at.ms + forMs; at.ms < until; ) {
    const after = pace.rows // found while the one before is filled
    const ms = 2 + rows * 0.01
    at.ms += ms
    pace.took({ rows, ms, othersWrite: writers(at.ms) })
    took.push(ms)
    rows = after
  }
  return took
}

function start(): { readonly at: { ms: number }; readonly pace: Pace } {
  const at = { ms: 0 }
  return { at, pace: createPace(() => at.ms) }
}

test('short at first, and long when nobody has been seen for a while', () => {
  const { at, pace } = start()
  const first = run(pace, at, 2000, () => false)
  expect(Math.max(...first)).toBeLessThan(60)
  expect(first.at(-1)).toBeGreaterThan(30)
  run(pace, at, 2000, () => false)
  const then = run(pace, at, 2000, () => false)
  expect(Math.min(...then)).toBeGreaterThan(120)
  expect(Math.max(...then)).toBeLessThan(200)
})

test('short again from the second batch on after somebody was seen', () => {
  const { at, pace } = start()
  run(pace, at, 8000, () => false)
  const seenAtMs = at.ms
  const [one, two, ...rest] = run(pace, at, 1000, (ms) => ms < seenAtMs + 200)
  expect(one).toBeGreaterThan(120)
  // It was found already.
  expect(two).toBeGreaterThan(120)
  expect(Math.max(...rest)).toBeLessThan(60)
})

test('short for as long as somebody is seen now and then', () => {
  const { at, pace } = start()
  const took = run(pace, at, 20_000, (ms) => Math.floor(ms / 100) % 20 === 0)
  expect(Math.max(...took)).toBeLessThan(60)
})

test('what fails is tried with a quarter, down to one row, and grows again', () => {
  const { at, pace } = start()
  const sizes = [1000]
  for (let rows = 1000; rows > 1; sizes.push(rows)) {
    pace.failed(rows)
    rows = pace.rows
  }
  expect(sizes).toEqual([1000, 250, 62, 15, 3, 1])
  run(pace, at, 200, () => false)
  expect(pace.rows).toBeGreaterThan(2000)
})

test('what takes long whatever the rows are is no reason for batches of a few rows', () => {
  const pace = createPace(() => 0)
  for (let i = 0; i < 20; i++) pace.took({ rows: pace.rows, ms: 5000, othersWrite: false })
  expect(pace.rows).toBe(100)
})
