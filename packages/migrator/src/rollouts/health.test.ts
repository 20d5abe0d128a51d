import type { Usage } from '@backsaas/core'
import { bucketOf, NO_USAGE, TIME_BUCKETS } from '@backsaas/core'
import { expect, test } from 'vitest'
import { countedJson, healthSince, judge, readCountedJson } from './health.ts'
import { DEFAULT_GATES, RolloutFault, readBake, readGates, readWaves } from './rollout-plan.ts'

/** So many answers that took so long. */
function served(answered: number, ms: number, failed = 0, refused = 0): Usage {
  const times = Array<number>(TIME_BUCKETS).fill(0)
  times[bucketOf(ms)] = answered
  return { answered, failed, refused, times }
}

test.each<[string, Usage, Usage, string | undefined]>([
  ['too few to say so', served(19, 900, 19), served(1000, 5), undefined],
  ['as before', served(200, 5, 2), served(1000, 5, 10), undefined],
  ['failures that were there before', served(200, 5, 20), served(1000, 5, 100), undefined],
  ['two failures of a few', served(20, 5, 2), served(1000, 5), undefined],
  ['5 % more failures', served(200, 5, 10), served(1000, 5), 'ERROR_RATE'],
  ['more refusals', served(200, 5, 0, 30), served(1000, 5, 0, 50), 'REFUSAL_RATE'],
  ['three times as long', served(200, 60), served(1000, 20), 'P95'],
  ['twice as long, of next to nothing', served(200, 4), served(1000, 2), undefined],
  ['slow, with nothing to compare', served(200, 900), NO_USAGE, undefined],
])('%s', (_, to, control, code) => {
  expect(judge(to, control, DEFAULT_GATES)?.code).toBe(code)
})

test('a bound in milliseconds needs nothing to compare with', () => {
  expect(judge(served(200, 900), NO_USAGE, readGates({ p95_ms: 500 }))?.code).toBe('P95')
})

test('what is counted since is by runtime: one that is new counts whole, one that is gone not at all', () => {
  const before = new Map([['a', { from: served(10, 1), to: served(1, 1) }]])
  const now = new Map([
    ['a', { from: served(15, 1), to: served(4, 1) }],
    ['b', { from: served(2, 1), to: served(7, 1, 1) }],
  ])
  const { from, to } = healthSince(now, readCountedJson(countedJson(before)))
  expect([from.answered, to.answered, to.failed]).toEqual([7, 10, 1])
  expect(healthSince(new Map(), before).to.answered).toBe(0)
})

test('waves and bakes', () => {
  expect(readWaves([1, { percent: 10, bake: '1h' }, { where: "slug == 'a'" }, 100], '90s')).toEqual([
    { percent: 1, bakeMs: 90_000 },
    { percent: 10, bakeMs: 3_600_000 },
    { where: "slug == 'a'", bakeMs: 90_000 },
    { percent: 100, bakeMs: 90_000 },
  ])
  expect([5, '500ms', '2d'].map(readBake)).toEqual([5000, 500, 172_800_000])
  for (const wrong of [-1, '5', '1w', null, [], '31d']) expect(() => readBake(wrong)).toThrow(RolloutFault)
})
