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

const ruled = `
schema: x
roles: { a: {}, b: {} }
entities:
  e:
    fields:
      f: { type: integer, check: ["f > 0", "f < 9"] }
      g: { computed: "f + 1" }
      h: { type: timestamp, default: { cel: "now()" } }
    check: "f != 5"
    access:
      a: { read: { where: "f > 1", fields: [f, g] }, deny: { update: true } }
      b: { create: { check: "f > 2" } }
`

test.each([
  [
    'the order of fields, of rules, of their fields, and of checks',
    (text: string) =>
      text
        .replace(/( {6}f:.*\n)( {6}g:.*\n)/, '$2$1')
        .replace('fields: [f, g]', 'fields: [g, f]')
        .replace('["f > 0", "f < 9"]', '["f < 9", "f > 0"]')
        .replace(/( {6}a:.*\n)( {6}b:.*\n)/, '$2$1'),
  ],
  [
    'which way a rule is written',
    (text: string) =>
      text
        .replace('fields: [f, g]', 'except: [id, h, created_at, updated_at, created_by, revision]')
        .replace('deny: { update: true }', 'update: false'),
  ],
  ['tests', (text: string) => `${text}tests: [{ as: { role: a }, can: { read: e } }]\n`],
])('%s does not count', (_, change) => {
  expect(change(ruled)).not.toBe(ruled)
  expect(hash(change(ruled))).toBe(hash(ruled))
})

test.each([
  ['the condition of a rule', 'f > 1', 'f > 3'],
  ['the check of a rule', 'f > 2', 'f > 3'],
  ['the fields of a rule', '[f, g]', '[f]'],
  ['the role of a rule', 'b: { create', 'a2: { create'],
  ['what a rule does', 'create:', 'update:'],
  ['whether a rule forbids', 'deny: { update: true }', 'update: true'],
  ['a computed field', 'f + 1', 'f + 2'],
  ['whether a computed field is stored', 'computed: "f + 1"', 'computed: "f + 1", stored: true'],
  ['an expression default', 'now()', 'now() '],
  ['a check of a field', 'f < 9', 'f < 8'],
  ['a check of the entity', 'check: "f != 5"', 'check: "f != 6"'],
])('%s counts', (_, before, after) => {
  const text = ruled.replace('roles: { a: {}', 'roles: { a2: {}, a: {}')
  expect(text).toContain(before)
  expect(hash(text.replace(before, after))).not.toBe(hash(text))
})

test('no `access` is another thing than one without rules', () => {
  const text = (access: string): string => `schema: x\nentities: { e: { fields: { s: { type: string } }${access} } }`
  expect(hash(text(', access: {}'))).not.toBe(hash(text('')))
})

test('a literal that looks like an expression counts whole', () => {
  const text = (literal: string): string =>
    `schema: x\nentities: { e: { fields: { j: { type: json, default: ${literal} } } } }`
  const like = (tree: number): string => text(`{ source: a, type: b, reads: [], tree: ${tree} }`)
  expect(hash(like(1))).not.toBe(hash(like(2)))
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
