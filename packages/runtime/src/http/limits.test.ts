import { expect, test } from 'vitest'
import { DEFAULT_LIMITS, resolveLimits } from './limits.ts'

test('keeps what is not given', () => {
  expect(resolveLimits({ maxRows: 5 })).toEqual({ ...DEFAULT_LIMITS, maxRows: 5 })
})

test.each([{ maxRow: 5 }, { maxRows: 0 }, { maxRows: 1.5 }, { maxRows: Number.NaN }, { maxRows: '5' }])(
  'refuses %j',
  (limits) => {
    expect(() => resolveLimits(limits as object)).toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID' }))
  },
)
