/** Defaults as Postgres writes them back, as literals. */
import { expect, test } from 'vitest'
import { readDefault } from './read-default.ts'

test('constants become literals of the field’s type', () => {
  expect(readDefault("'it''s'::text", 'string', false)).toBe("it's")
  expect(readDefault("'-5'::integer", 'integer', false)).toBe(-5)
  expect(readDefault('1.50', 'decimal', false)).toBe('1.50')
  expect(readDefault('9007199254740993', 'bigint', false)).toBe('9007199254740993')
  expect(readDefault('false', 'boolean', false)).toBe(false)
  expect(readDefault(`'{"a": [1]}'::jsonb`, 'json', false)).toEqual({ a: [1] })
  expect(readDefault("'2020-01-01 00:00:00+00'::timestamp with time zone", 'timestamp', false)).toBe(
    '2020-01-01T00:00:00+00:00',
  )
})

test('lists are read item by item', () => {
  expect(readDefault("'{}'::text[]", 'string', true)).toEqual([])
  expect(readDefault(`'{a,"b, c"}'::text[]`, 'string', true)).toEqual(['a', 'b, c'])
  expect(readDefault('ARRAY[1, 2]', 'integer', true)).toEqual([1, 2])
})

test('what is no constant is none', () => {
  for (const sql of ['now()', 'CURRENT_DATE', "nextval('s'::regclass)", '(1 + 1)', 'NULL::text', "lower('A'::text)"])
    expect(readDefault(sql, 'string', false), sql).toBeUndefined()
})
