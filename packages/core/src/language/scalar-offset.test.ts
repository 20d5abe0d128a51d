/** Places inside a text are found in its source, however it is written. */
import { expect, test } from 'vitest'
import { readYaml } from './read-yaml.ts'

/** Where `word` of the text `a` stands, beside where the source has it. */
function places(text: string, word: string, written = word): readonly string[] {
  const { tree, locateIn } = readYaml(text)
  const value = (tree as { a: string }).a
  const offset = value.indexOf(word)
  expect(offset, value).toBeGreaterThanOrEqual(0)
  const { line, column } = locateIn(['a'], offset)
  const before = text.slice(0, text.lastIndexOf(written)).split('\n')
  return [`${line}:${column}`, `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`]
}

test.each([
  ['plain', 'b: 1\na: one two x\n', 'x'],
  ['plain over lines', 'a: one\n  two\n\n   x\nb: 1\n', 'x'],
  ['single quotes', "a: 'it''s one''s x'\n", 'x'],
  ['single quotes over lines', "a: 'it''s\n\n  one x'\n", 'x'],
  ['double quotes', 'a: "one \\"two\\" \\\\ \\n\\t \\x41\\u00e4\\U0001F600 x"\n', 'x'],
  ['double quotes with a broken line', 'a: "one\\\n    two x"\n', 'x'],
  ['a character beyond 16 bits', 'a: "😀 x"\n', 'x'],
  ['a literal block', 'a: |\n   one\n     two x\n', 'x'],
  ['a literal block with a header', 'b: 1\na: |2- # why\n    one x\n', 'x'],
  ['a folded block', 'a: >-\n  one\n  two\n\n    three\n  x\n', 'x'],
  ['flow', '{ b: [1], a: "one x" }', 'x'],
  ['Windows lines', 'a: |\r\n  one\r\n  x\r\n', 'x'],
])('in a text that is %s', (_, text, word) => {
  const [found, wanted] = places(text, word)
  expect(found).toBe(wanted)
})

test('the end of a text, and its white space, are where its last character ends', () => {
  const { locateIn } = readYaml('a: "one "\nb: |\n  one\n\n')
  expect(locateIn(['a'], 3)).toEqual({ line: 1, column: 8 })
  expect(locateIn(['a'], 4)).toEqual({ line: 1, column: 8 })
  expect(locateIn(['b'], 4)).toEqual({ line: 3, column: 6 })
})

test('white space at the beginning is the beginning', () => {
  expect(readYaml('a: "  one"').locateIn(['a'], 1)).toEqual({ line: 1, column: 5 })
})
