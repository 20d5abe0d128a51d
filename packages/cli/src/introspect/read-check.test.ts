/** Checks as Postgres writes them back, in the language's words. */
import { expect, test } from 'vitest'
import { readCheck } from './read-check.ts'

test('bounds of numbers and lengths', () => {
  expect(readCheck('((a >= 1) AND (a <= 5))', 'a', true)).toEqual({ min: '1', max: '5' })
  expect(readCheck("((q >= '-2147483648'::integer) AND (q <= 2147483647) AND (q >= '1'::bigint))", 'q', true)).toEqual({
    min: '1',
    max: '2147483647',
  })
  expect(readCheck('(length(c) > 2)', 'c', false)).toEqual({ min: '3' })
  expect(readCheck("(p <= ('-1.5'::numeric)::double precision)", 'p', false)).toEqual({ max: '-1.5' })
  expect(readCheck('((n < 10) AND (char_length("Odd name") <= 4))', 'n', true)).toBeNull()
  expect(readCheck('(char_length("Odd name") <= 4)', 'Odd name', false)).toEqual({ max: '4' })
})

test('lists of values, however they are written', () => {
  const ab = { values: ['a', "b's"] }
  expect(readCheck("(c = ANY (ARRAY['a'::text, 'b''s'::text]))", 'c', false)).toEqual(ab)
  expect(
    readCheck("((c)::text = ANY ((ARRAY['a'::character varying, 'b''s'::character varying])::text[]))", 'c', false),
  ).toEqual(ab)
  expect(readCheck("((c = 'a'::text) OR (c = 'b''s'::text))", 'c', false)).toEqual(ab)
  expect(readCheck("(c <@ ARRAY['a'::text, 'b''s'::text])", 'c', false)).toEqual(ab)
})

test('digits and places of a decimal', () => {
  expect(
    readCheck("((abs(d) < '100000000'::numeric) AND (d = round(d, 2)) AND (d >= '0'::numeric))", 'd', false),
  ).toEqual({
    digits: 8,
    scale: 2,
    min: '0',
  })
  expect(readCheck("((d > '-Infinity'::numeric) AND (d < 'Infinity'::numeric))", 'd', false)).toEqual({})
})

test('what the language cannot hold is not half read', () => {
  for (const check of [
    "(c ~ '^a'::text)",
    '(a > b)',
    '((a % 2) = 0)',
    '(a > 1.5)',
    "((a >= 1) AND (b = 'x'::text))",
    '(a IS NOT NULL)',
    "((c = 'a'::text) OR (length(c) > 3))",
    '(NOT (a = 1))',
  ])
    expect(readCheck(check, 'a', true) ?? readCheck(check, 'c', false), check).toBeNull()
})
