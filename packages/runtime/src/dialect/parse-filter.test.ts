import { expect, test } from 'vitest'
import { collectParams } from './params.ts'
import { parseFilter } from './parse-filter.ts'

function read(text: string) {
  const params = collectParams()
  return [parseFilter(text, params, 3), params.values]
}

test('operator, negation and value', () => {
  expect(read('eq.a.b')).toEqual([{ not: false, operator: 'eq', param: 0 }, ['a.b']])
  expect(read('not.gte.5')).toEqual([{ not: true, operator: 'gte', param: 0 }, ['5']])
  expect(read('eq.')).toEqual([{ not: false, operator: 'eq', param: 0 }, ['']])
})

test('like takes * for %', () => {
  expect(read('ilike.*a*')).toEqual([{ not: false, operator: 'ilike', param: 0 }, ['%a%']])
})

test('in lists with quotes, escapes, commas and parentheses', () => {
  expect(read('in.(1,"a,b","c\\"d)")')).toEqual([{ not: false, operator: 'in', param: 0 }, ['{"1","a,b","c\\"d)"}']])
  expect(read('in.(say "hi","open)')).toEqual([
    { not: false, operator: 'in', param: 0 },
    ['{"say \\"hi\\"","\\"open"}'],
  ])
  expect(read('in.()')).toEqual([{ not: false, operator: 'in', param: 0 }, ['{}']])
  expect(read('in.(NULL,a\\b)')).toEqual([{ not: false, operator: 'in', param: 0 }, ['{"NULL","a\\\\b"}']])
})

test('is, quantifiers and text search', () => {
  expect(read('is.not_null')).toEqual([{ not: false, operator: 'is', is: 'not_null' }, []])
  expect(read('not.is.NULL')).toEqual([{ not: true, operator: 'is', is: 'null' }, []])
  expect(read('like(any).{a*,b}')).toEqual([{ not: false, operator: 'like', quantifier: 'any', param: 0 }, ['{a%,b}']])
  expect(read('wfts(english).fat cat')).toEqual([
    { not: false, operator: 'wfts', language: 'english', param: 0 },
    ['fat cat'],
  ])
})

test.each(['5', 'foo.1', 'is.nul', 'in.1,2', 'in.(1', 'in(any).(1)', 'eq(some).{1}', 'neq(any).{1}', ''])(
  '%s is refused',
  (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'PGRST100', status: 400 }))
  },
)

test('too long a list is refused', () => {
  expect(() => read('in.(1,2,3,4)')).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
})
