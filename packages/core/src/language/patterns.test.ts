import { expect, test } from 'vitest'
import { patternFault } from './patterns.ts'

test.each([
  ['(?=a)', 'lookaround is not part of RE2'],
  ['(?i)a', 'only plain and (?:…) groups are supported'],
  ['[]', 'a character class may not be empty'],
  ['(a)\\1', 'backreferences are not part of RE2'],
  ['[\\1]', 'backreferences are not part of RE2'],
  ['[\\u0041]', 'write the character itself'],
  ['[\\b]', 'write \\x08 for a backspace'],
  ['[[:alpha:]x]', 'write [a-z] for [[:lower:]], and so on'],
  // RE2 looks for the end of a named class in all that follows.
  ['[[:](?:a)[a:]', 'write [a-z] for [[:lower:]], and so on'],
  ['a{2,1001}', 'it repeats more than 1000 times'],
  ['(', 'Unterminated group'],
  ['a'.repeat(1001), 'it is longer than 1000 characters'],
])('%s is refused: %s', (pattern, fault) => {
  expect(patternFault(pattern)).toBe(fault)
})

test.each([
  '(?:a{50}){51}',
  '(?:(?:a{1000}){1000}){1000}',
  '(?:a|b){1000}',
  `${'(?:'.repeat(70)}a${'){1000}'.repeat(70)}`,
])('%s is refused for its size, at once', (pattern) => {
  const start = process.cpuUsage()
  expect(patternFault(pattern)).toMatch(/^its repeats come to more/)
  expect(process.cpuUsage(start).user / 1000).toBeLessThan(50)
})

test.each(['^.{1,1000}$', '[(?=x)]', '[a:]', '^\\p{Lu}[\\p{L} -]*$', 'a{0}', '(|a)*', '[a-z]{2,}?'])(
  '%s is allowed',
  (pattern) => {
    expect(patternFault(pattern)).toBeUndefined()
  },
)
