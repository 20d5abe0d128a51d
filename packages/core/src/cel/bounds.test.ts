/** What is too large or too deep is refused before it costs anything. */
import { beforeAll, expect, test } from 'vitest'
import { compileExpression, type ExpressionContext, ExpressionProblem } from './compile-expression.ts'

const context: ExpressionContext = {
  entities: {
    items: {
      fields: {
        a: { type: 'integer', list: false },
        s: { type: 'string', list: false },
        l: { type: 'string', list: true },
      },
      relations: { members: { kind: 'many', entity: 'items' } },
    },
  },
  entity: 'items',
  use: 'condition',
}
const REFUSED_WITHIN_MS = 10

function refusalOf(source: string): { readonly code: string; readonly ms: number } {
  const start = performance.now()
  try {
    compileExpression(source, context)
  } catch (error) {
    if (error instanceof ExpressionProblem) return { code: error.code, ms: performance.now() - start }
    throw error
  }
  throw new Error('it compiles')
}

/** The quickest of several: the machine may have been at something else. */
function quickest(source: string): { readonly code: string; readonly ms: number } {
  const runs = Array.from({ length: 6 }, () => refusalOf(source))
  return runs.reduce((best, run) => (run.ms < best.ms ? run : best))
}

beforeAll(() => {
  for (const source of ["a == 1 && l.exists(x, x == 's')", 's + "a" == s.trim()']) compileExpression(source, context)
})

test.each([
  ['4 KB of !', '!'.repeat(4095), 'EXPRESSION_TOO_DEEP'],
  ['4 KB of ! with spaces', '! '.repeat(2047), 'EXPRESSION_TOO_DEEP'],
  ['40 times !', `${'!'.repeat(40)}(a == 1)`, 'EXPRESSION_TOO_DEEP'],
  ['40 times -', `${'-'.repeat(40)}a`, 'EXPRESSION_TOO_DEEP'],
  ['deep parentheses', `${'('.repeat(2000)}a${')'.repeat(2000)}`, 'EXPRESSION_TOO_DEEP'],
  ['deep parentheses that never end', '('.repeat(4000), 'EXPRESSION_TOO_DEEP'],
  ['deep lists', `${'['.repeat(2000)}${']'.repeat(2000)}`, 'EXPRESSION_TOO_DEEP'],
  ['deep calls', `${'size('.repeat(400)}a${')'.repeat(400)}`, 'EXPRESSION_TOO_DEEP'],
  ['quantifiers inside each other', `${'l.exists(x, '.repeat(20)}true${')'.repeat(20)}`, 'EXPRESSION_TOO_DEEP'],
  ['a chain of +', `a${'+a'.repeat(2000)}`, 'EXPRESSION_TOO_DEEP'],
  ['a shorter chain of +', `a${'+a'.repeat(100)}`, 'EXPRESSION_TOO_DEEP'],
  ['a chain of ?:', `${'a==1?a:'.repeat(500)}a`, 'EXPRESSION_TOO_DEEP'],
  ['a shorter chain of ?:', `${'a==1?a:'.repeat(60)}a`, 'EXPRESSION_TOO_DEEP'],
  ['a chain of ?', `${'a==1?'.repeat(500)}a`, 'EXPRESSION_TOO_LARGE'],
  ['a chain of dots', `a${'.a'.repeat(2000)}`, 'EXPRESSION_TOO_DEEP'],
  ['a chain of indexes', `l${'[0]'.repeat(300)}`, 'EXPRESSION_TOO_DEEP'],
  ['a chain of methods', `s${'.trim()'.repeat(400)}`, 'EXPRESSION_TOO_DEEP'],
  ['a long list', `[${'1,'.repeat(2000)}1]`, 'EXPRESSION_TOO_LARGE'],
  ['5 KB', `s == '${'a'.repeat(5000)}'`, 'EXPRESSION_TOO_LARGE'],
  ['4 KB in characters, more in bytes', `s == '${'é'.repeat(3000)}'`, 'EXPRESSION_TOO_LARGE'],
  ['10 MB', 'a'.repeat(10_000_000), 'EXPRESSION_TOO_LARGE'],
  ['a text that never ends', `'${'a'.repeat(4000)}`, 'EXPRESSION_SYNTAX'],
  ['many texts that never end', `'''${"a'".repeat(2000)}`, 'EXPRESSION_SYNTAX'],
  ['escapes without end', `'${'\\'.repeat(4000)}`, 'EXPRESSION_SYNTAX'],
  ['numbers without end', `a == ${'1'.repeat(4000)}`, 'BAD_LITERAL'],
  ['an exponent', 'a == 1e999999999', 'BAD_LITERAL'],
  ['a pattern with a backreference', "s.matches('(a+)+\\\\1$')", 'BAD_LITERAL'],
  ['a pattern that repeats repeats', "s.matches('((a{1000}){1000}){1000}')", 'BAD_LITERAL'],
  [
    'a text that doubles at each step',
    `${"s.replace('a', 'aa')".padEnd(20)}${".replace('a', 'aa')".repeat(15)} == s`,
    'EXPRESSION_TOO_LARGE',
  ],
  [
    'a text that joins grow',
    `${"s.split('').join('aaaaaaaaaa')"}${".split('').join('aaaaaaaaaa')".repeat(3)} == s`,
    'EXPRESSION_TOO_LARGE',
  ],
])('%s', (_, source, code) => {
  const refusal = quickest(source)
  expect(refusal.code).toBe(code)
  expect(refusal.ms).toBeLessThan(REFUSED_WITHIN_MS)
})

test('what is within the bounds compiles, however dense', () => {
  expect(compileExpression(`${'a == 1 || '.repeat(100)}a == 1`, context).type).toBe('bool')
  expect(compileExpression(`${'('.repeat(30)}a${')'.repeat(30)} == 1`, context).type).toBe('bool')
  expect(compileExpression(`${'a * a + '.repeat(25)}a > 0 && ${'a * a * a - '.repeat(25)}a > 0`, context).type).toBe(
    'bool',
  )
  expect(compileExpression(`s == '${'é'.repeat(2000)}'`, context).type).toBe('bool')
  expect(compileExpression('l.exists(x, l.all(y, l.exists_one(z, x + y == z)))', context).type).toBe('bool')
})

test('a pattern that would run for ever elsewhere is a pattern like any other', () => {
  expect(compileExpression("s.matches('^(a+)+$')", context).type).toBe('bool')
})
