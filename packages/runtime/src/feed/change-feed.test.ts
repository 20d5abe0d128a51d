/** What the feed makes of readings: each change once, everything after a cut, and cover for no longer than it may. */
import type { Change, Statement } from '@backsaas/core'
import { DatabaseError } from '@backsaas/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { platformSchema } from '../../test/bound-fixture.ts'
import { type ChangeFeed, createChangeFeed } from './change-feed.ts'

const T1 = '018f0000-0000-7000-8000-000000000001'
const T2 = '018f0000-0000-7000-8000-000000000002'

let feed: ChangeFeed
let row: readonly (string | null)[]
let broken: Error | null
let sent: Statement[]
let heeded: (readonly Change[])[]
let forgotten: number
let errors: string[]

beforeEach(() => {
  vi.useFakeTimers()
  row = reading(10)
  broken = null
  sent = []
  heeded = []
  forgotten = 0
  errors = []
  feed = createChangeFeed({
    member: { id: T1, name: 'here', version: '1', startedAt: '2030-01-01T00:00:00Z' },
    leaseMs: 5000,
    connect: () => ({
      async batch(statements) {
        sent.push(...statements)
        if (broken) throw broken
        return statements.map(() => ({ rows: [row], count: 1 }))
      },
    }),
    platform: async () => platformSchema(),
    heed: (changes) => void heeded.push(changes),
    forgetAll: () => {
      forgotten += 1
    },
    serving: () => ({}),
    observe: (one) => void errors.push(one.kind === 'error' ? one.code : one.kind),
  })
})
afterEach(async () => {
  await feed.close()
  vi.useRealTimers()
})

function reading(horizon: number, changes: readonly (readonly [number, string, string | null])[] = [], server = 'a') {
  return [String(horizon), server, JSON.stringify(changes.map(([xid, ...rest]) => [String(xid), ...rest]))]
}

const nextBeat = () => vi.advanceTimersByTimeAsync(5000)

test('the first reading forgets what was cached before it; then one statement for each lease', async () => {
  await feed.start()
  expect([forgotten, heeded.length, sent.length]).toEqual([1, 0, 1])
  await vi.advanceTimersByTimeAsync(20_000)
  expect(sent).toHaveLength(5)
  expect(sent.every(({ params }, i) => params[0] === (i === 0 ? null : '10'))).toBe(true)
})

test('while a transaction holds the horizon, what is read again is heeded once', async () => {
  await feed.start()
  row = reading(10, [[12, 'installs', T1]])
  await nextBeat()
  row = reading(10, [
    [12, 'installs', T1],
    [11, 'installs', T1],
  ])
  await nextBeat()
  await nextBeat()
  row = reading(20, [[21, 'installs', T2]])
  await nextBeat()
  expect(heeded.map((one) => one.map(({ subject }) => subject))).toEqual([[T1], [T1], [T2]])
})

test('covers while beats succeed, at most 10 s after the last, and not before the clock that it was read by', async () => {
  expect(feed.covers(Date.now())).toBe(false)
  await feed.start()
  const readAt = Date.now()
  expect([-1, 0, 9_999, 10_000].map((ms) => feed.covers(readAt + ms))).toEqual([false, true, true, false])
  broken = new Error('away')
  await vi.advanceTimersByTimeAsync(9_999)
  expect(feed.covers(Date.now())).toBe(true)
  await vi.advanceTimersByTimeAsync(1)
  expect(feed.covers(Date.now())).toBe(false)
  broken = null
  await vi.advanceTimersByTimeAsync(1000)
  expect(feed.covers(Date.now())).toBe(true)
  expect(errors).toEqual(['BEAT_FAILED'])
})

test.each([
  ['another server', reading(11, [], 'b')],
  ['a horizon that went back', reading(9)],
  ['more changes than are told', reading(11, Array(10_001).fill([10, 'installs', T1]))],
])('%s: nothing is known of what has changed', async (_, cut) => {
  await feed.start()
  row = cut
  await nextBeat()
  expect([forgotten, heeded.length]).toEqual([2, 0])
})

test('a failure is made up for by the next reading, unless it lasted until changes may be gone', async () => {
  await feed.start()
  broken = new Error('away')
  await vi.advanceTimersByTimeAsync(200_000)
  broken = null
  row = reading(12, [[11, 'policies', T1]])
  await vi.advanceTimersByTimeAsync(1000)
  expect([forgotten, heeded.length]).toEqual([1, 1])
  broken = new Error('away')
  await vi.advanceTimersByTimeAsync(301_000)
  broken = null
  await vi.advanceTimersByTimeAsync(1000)
  expect([forgotten, heeded.length]).toEqual([2, 1])
})

test('hints are read at once, and many of them as one', async () => {
  await feed.start()
  for (let i = 0; i < 50; i++) feed.hint()
  await vi.advanceTimersByTimeAsync(0)
  expect(sent).toHaveLength(2)
  for (let i = 0; i < 50; i++) feed.hint()
  await vi.advanceTimersByTimeAsync(20)
  expect(sent).toHaveLength(3)
  expect(sent[2]?.text).not.toContain('insert')
  await nextBeat()
  expect(sent).toHaveLength(4)
})

test('a platform that is stale is read anew, once', async () => {
  broken = new DatabaseError('the version is not live', { sqlState: 'BS001' })
  await feed.start()
  expect(sent).toHaveLength(2)
})

test('at its end it takes its row away, and beats no more', async () => {
  await feed.start()
  await feed.close()
  expect(sent.slice(1).map(({ text }) => text.split(' ')[0])).toEqual(['select', 'delete'])
  await vi.advanceTimersByTimeAsync(60_000)
  expect(sent).toHaveLength(3)
  expect(feed.covers(Date.now())).toBe(false)
})
