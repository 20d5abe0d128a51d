/** What the content hash counts and what it does not. */
import { expect, test } from 'vitest'
import { compileSchema } from './compile-schema.ts'

const base = `
schema: x
roles: { a: {}, b: { inherits: [a] } }
entities:
  one: { fields: { s: { type: enum, values: [p, q], default: p }, t: { type: text } }, unique: [[s, t]], indexes: [[t], [s]] }
  two: { fields: { one_id: { to: one } } }
`
const hash = (text: string): string => compileSchema(text).hash

test('order, comments, version and form of writing do not count', () => {
  expect(
    hash(`
# A comment
version: 7
entities:
  two: { fields: { one_id: { as: one, to: one, on_delete: restrict, required: false } } }
  one:
    indexes: [[s], [t]]
    unique: [[s, t]]
    has_many: { two: { entity: two, by: one_id } }
    fields: { t: { type: text }, s: { default: p, type: enum, values: [q, p] } }
roles: { b: { inherits: [a] }, a: {} }
schema: x
`),
  ).toBe(hash(base))
})

test.each([
  ['a name', base.replaceAll('two', 'three')],
  ['an option', base.replace('type: text', 'type: text, max: 5')],
  ['a default', base.replace('default: p', 'default: q')],
  ['the order of the fields of a set', base.replace('[[s, t]]', '[[t, s]]')],
  ['a role', base.replace('inherits: [a]', '')],
  ['a rule of deletion', base.replace('to: one', 'to: one, on_delete: cascade')],
])('%s counts', (_, text) => {
  expect(text).not.toBe(base)
  expect(hash(text)).not.toBe(hash(base))
})

test('the order inside a literal counts', () => {
  const json = (value: string): string =>
    `schema: x\nentities: { e: { fields: { j: { type: json, default: ${value} } } } }`
  expect(hash(json('{ values: [1, 2] }'))).not.toBe(hash(json('{ values: [2, 1] }')))
})

test('the hash stays what it is: stored versions are found by it', () => {
  expect(hash('schema: x\nentities: { e: { fields: { s: { type: string } } } }')).toMatchInlineSnapshot(
    `"5df802a22a731817385ee2e4fdd5356a6a5f6dc2fb371cefb0b6d92558113670"`,
  )
})
