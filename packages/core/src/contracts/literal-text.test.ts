import { expect, test } from 'vitest'
import type { CompiledField } from './compiled.ts'
import type { Json } from './json.ts'
import { literalText } from './literal-text.ts'

const field = (type: CompiledField['type'], list = false): CompiledField => ({
  name: 'f',
  type,
  list,
  required: false,
  writable: true,
})

test.each<[CompiledField, Json, string | null]>([
  [field('string'), "o'hara", "o'hara"],
  [field('bigint'), '9007199254740993', '9007199254740993'],
  [field('json'), { a: [1] }, '{"a":[1]}'],
  [field('json'), 'x', '"x"'],
  [field('string'), null, null],
  [field('string', true), ['a"b', 'NULL', '\\'], '{"a\\"b","NULL","\\\\"}'],
  [field('string', true), ['a', null], '{"a",NULL}'],
  [field('json', true), [{ a: 1 }, [2]], '{"{\\"a\\":1}","[2]"}'],
])('%j with %j is %s', (of, value, text) => {
  expect(literalText(of, value)).toBe(text)
})
