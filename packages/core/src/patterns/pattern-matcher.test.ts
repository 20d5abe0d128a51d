import fc from 'fast-check'
import { RE2JS } from 're2js'
import { expect, test } from 'vitest'
import { patternFault } from '../language/patterns.ts'
import { patternMatcher } from './pattern-matcher.ts'

const RUNS = Number(process.env.BACKSAAS_PROPERTY_RUNS ?? 5000)
const SEED = Number(process.env.BACKSAAS_PROPERTY_SEED ?? 20260101)

const SETS =
  String.raw`a b ab é 👍 . \d \D \w \W \s \S \. \n \t \v \f \r \x41 \0 \/ \{ - = [abc] [^a] [a-z] [^\s] [\S] [\S-] [^\S] [\s-]
  [\w.-] [\d\s] [a-b-c] [-a] [a-] [\]] [\\s] [.] [$^] [é-ü] [👍-👏] [[:] [:a:] [a&&b] [\-a] [\^] [\x41-\x5a] [\0] \p{L} \P{L} \p{Lu}
  [\p{N}a] [^\p{L}] \p{Any}`.split(/\s+/)
const OTHERS = ['^', '$', '\\b', '\\B', '()', '(?:)', ' ', '\n', '\u2028']
const REPEATS = ['*', '+', '?', '*?', '+?', '??', '{2}', '{0,2}', '{1,}', '{0}', '{2,3}?', '{0,}', '']

const randomPattern: fc.Arbitrary<string> = fc.letrec<{ pattern: string; part: string }>((tie) => ({
  pattern: fc.array(tie('part'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('')),
  part: fc.oneof(
    { depthSize: 'small' },
    fc.tuple(fc.constantFrom(...SETS), fc.constantFrom('', '', ...REPEATS)).map((both) => both.join('')),
    fc.constantFrom(...OTHERS),
    fc
      .tuple(fc.constantFrom('(', '(?:'), tie('pattern'), fc.option(tie('pattern')), fc.constantFrom(...REPEATS))
      .map(([open, one, other, repeat]) => `${open}${one}${other === null ? '' : `|${other}`})${repeat}`),
  ),
})).pattern

const CHARACTERS = [...'abcAZz09_-.éÉü👍👎 \n\t\v\f\r\0s][^$\\:={}ſK٣Ⅷ\u00a0\u2028\ufeff\x7f', '\ud83d', '\udc4d']
const randomText = fc.array(fc.constantFrom('a', 'b', ...CHARACTERS), { maxLength: 8 }).map((all) => all.join(''))

test('a random pattern matches what RE2 says that it matches', { timeout: 60_000 + RUNS * 10 }, () => {
  let matched = 0
  let compared = 0
  fc.assert(
    fc.property(randomPattern, fc.array(randomText, { minLength: 8, maxLength: 8 }), (pattern, texts) => {
      fc.pre(patternFault(pattern) === undefined)
      const expected = RE2JS.compile(pattern)
      const matches = patternMatcher(pattern)
      for (const text of texts) {
        expect(matches(text), JSON.stringify({ pattern, text })).toBe(expected.test(text))
        compared++
        if (expected.test(text)) matched++
      }
    }),
    { numRuns: RUNS, seed: SEED },
  )
  // Neither answer is rare.
  expect(matched / compared).toBeGreaterThan(0.2)
  expect(matched / compared).toBeLessThan(0.8)
})

test.each([
  ['^[A-Z]{2}\\d{6}$', 'AB123456', true],
  ['^[A-Z]{2}\\d{6}$', 'AB12345', false],
  ['b', 'abc', true],
  ['', '', true],
  ['^$', 'a', false],
  ['^$', '\n', false],
  ['a$', 'a\n', false],
  ['^.$', '\r', true],
  ['^\\s$', '\v', false],
  ['^\\s$', '\u00a0', false],
  ['^\\w+$', 'é', false],
  ['^.{2}$', '👍👍', true],
  ['\\bcat\\b', 'a cat!', true],
  ['\\bcat\\b', 'concat', false],
  ['^(?:a|ab)(?:c|bcd)$', 'abcd', true],
  ['^(a*)*$', 'aab', false],
  ['^\\p{Lu}\\p{Ll}+$', 'Émile', true],
])('%s on %j is %s', (pattern, text, matches) => {
  expect(patternMatcher(pattern)(text)).toBe(matches)
})

test('every Unicode category and every ASCII escape holds the characters that RE2 says', { timeout: 60_000 }, () => {
  const sets = [
    ...'L Lu Ll Lt Lm Lo M N Nd P S Sc Z Zs C Cc Cn'.split(' ').map((name) => `\\p{${name}}`),
    '\\s',
    '\\S',
    '\\w',
    '\\d',
    '.',
  ]
  for (const set of sets) {
    const matches = patternMatcher(`^${set}$`)
    const expected = RE2JS.compile(`^${set}$`)
    for (let code = 0; code < 0x3000; code++) {
      const character = String.fromCodePoint(code)
      if (matches(character) !== expected.test(character)) expect.fail(`${set} ${code.toString(16)}`)
    }
  }
})

test.each([
  ['^(a+)+$', `${'a'.repeat(100_000)}!`],
  ['(x+x+)+y', 'x'.repeat(100_000)],
  ['(?:.*a){50}$', 'ab'.repeat(50_000)],
  ['^(?:a?){50}a{50}$', 'a'.repeat(100_000)],
  // 2^200 states, were all of them made.
  ['(?:a|b)*a(?:a|b){200}$', 'abbaababbb'.repeat(1000)],
])('%s takes time linear in the text', (pattern, text) => {
  const matches = patternMatcher(pattern)
  const start = process.cpuUsage()
  matches(text)
  const { user, system } = process.cpuUsage(start)
  expect((user + system) / 1000).toBeLessThan(500)
})

test('a pattern with more states than are remembered answers as RE2, text after text', () => {
  const pattern = '(?:a|b)*a(?:a|b){40}c'
  const matches = patternMatcher(pattern)
  const expected = RE2JS.compile(pattern)
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'b', 'a', 'c'), { minLength: 100, maxLength: 400 }), (letters) => {
      expect(matches(letters.join(''))).toBe(expected.test(letters.join('')))
    }),
    { numRuns: 300, seed: SEED },
  )
})
