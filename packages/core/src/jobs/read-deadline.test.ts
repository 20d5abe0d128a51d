import { expect, test } from 'vitest'
import { readDeadline } from './read-deadline.ts'

test.each([
  ['90m', { afterMs: 5_400_000 }],
  ['30d', { afterMs: 2_592_000_000 }],
  ['8w', { afterMs: 4_838_400_000 }],
  ['2027-01-31T12:00:00Z', { atMs: Date.UTC(2027, 0, 31, 12) }],
  ['2027-01-31 12:00:00.5+02:00', { atMs: Date.UTC(2027, 0, 31, 10, 0, 0, 500) }],
  ...[
    '',
    '30',
    'd',
    '-1d',
    '1.5d',
    '30 d',
    'tomorrow',
    '2027-01-31',
    '2027-01-31T12:00:00',
    '2027-02-30T00:00:00Z',
  ].map((text): [string, null] => [text, null]),
  ['2027-13-01T00:00:00Z', null],
  ['2027-01-01T25:00:00Z', null],
])('%j', (text, deadline) => expect(readDeadline(text)).toEqual(deadline))
