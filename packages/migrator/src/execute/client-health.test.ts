/** A backfill pauses while clients are answered worse than before it, and for no other reason. */
import { bucketOf, NO_USAGE, TIME_BUCKETS, type Usage } from '@backsaas/core'
import { expect, test } from 'vitest'
import type { Counted } from '../rollouts/health.ts'
import { createClientHealth } from './client-health.ts'

/** Runtimes that have answered so often, so fast, since they started. */
function world() {
  const at = { ms: 0 }
  const counted = new Map<string, { from: Usage; to: Usage }>()
  const health = createClientHealth(
    async (): Promise<Counted> => new Map(counted),
    () => at.ms,
  )
  return {
    answer(answered: number, ms: number, failed = 0, runtime = 'a'): void {
      const { from, to } = counted.get(runtime) ?? { from: NO_USAGE, to: NO_USAGE }
      const times = Array.from(
        { length: TIME_BUCKETS },
        (_, i) => (from.times[i] ?? 0) + (i === bucketOf(ms) ? answered : 0),
      )
      counted.set(runtime, {
        from: { ...from, answered: from.answered + answered, failed: from.failed + failed, times },
        to,
      })
    },
    after: async (ms: number): Promise<string | null> => {
      at.ms += ms
      return health()
    },
  }
}

test('while they are slower than twice as slow, until they are not', async () => {
  const { answer, after } = world()
  answer(1000, 10)
  expect(await after(0)).toBeNull()
  answer(1000, 15)
  expect(await after(2000)).toBeNull()
  answer(970, 10)
  answer(30, 100)
  expect(await after(2000)).toMatch(/^the p99 of clients is 1\d\d(\.\d)? ms, and was 1\d(\.\d)? ms before$/)
  // Nothing is known until they tell more.
  answer(100, 10)
  expect(await after(2000)).toMatch(/p99/)
  answer(900, 10)
  expect(await after(2000)).toBeNull()
})

test('while more of them fail', async () => {
  const { answer, after } = world()
  answer(1000, 10, 5)
  await after(0)
  answer(1000, 10, 14)
  expect(await after(2000)).toBeNull()
  answer(1000, 10, 20)
  expect(await after(2000)).toBe('2 % of 1000 answers failed, 0.5 % before')
  answer(1000, 10)
  expect(await after(2000)).toBeNull()
})

test('not for what a few requests are like, nor where nobody asked before', async () => {
  const { answer, after } = world()
  answer(1000, 10)
  await after(0)
  answer(150, 500, 2)
  expect(await after(2000)).toBeNull()
  const other = world()
  await other.after(0)
  other.answer(1000, 500)
  expect(await other.after(2000)).toBeNull()
})

test('not for ever: what a pause of a minute does not change is how it is', async () => {
  const { answer, after } = world()
  answer(1000, 10)
  await after(0)
  for (let ms = 0; ms < 62_000; ms += 2000) {
    answer(1000, 200)
    const reason = await after(2000)
    if (ms < 60_000) expect(reason).toMatch(/p99/)
  }
  answer(1000, 200)
  expect(await after(2000)).toBeNull()
  answer(1000, 900)
  expect(await after(2000)).toMatch(/and was 2\d\d/)
})

test('of a process that comes, and of one that goes, only what is new counts', async () => {
  const { answer, after } = world()
  answer(1000, 10)
  answer(1000, 400, 0, 'b')
  await after(0)
  answer(1000, 10)
  answer(300, 10, 0, 'c')
  expect(await after(2000)).toBeNull()
})
