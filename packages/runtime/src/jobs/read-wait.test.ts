import { expect, test } from 'vitest'
import { readWait } from './read-wait.ts'

test.each([
  [null, 10_000, []],
  ['return=minimal', 10_000, []],
  ['respond-async', 0, ['respond-async']],
  ['wait=3', 3_000, ['wait=3']],
  ['Respond-Async, wait=2', 2_000, ['respond-async', 'wait=2']],
  ['wait=600', 30_000, ['wait=30']],
  ['wait=0', 0, ['wait=0']],
  ['wait=soon', 10_000, []],
])('%s', (prefer, ms, applied) => expect(readWait(prefer)).toEqual({ ms, applied }))
