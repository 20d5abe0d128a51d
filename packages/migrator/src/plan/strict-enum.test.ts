/** `strict` enums: adding a value, taking the promise back, and what is refused. */
import { compileSchema } from '@backsaas/core/language'
import { expect, test } from 'vitest'
import { diffSchemas } from './diff.ts'

const compiled = (kind: string) =>
  compileSchema(`schema: s\nentities:\n  people:\n    fields:\n      kind: { ${kind} }\n`)
const changes = (before: string, after: string): readonly unknown[] =>
  diffSchemas(compiled(before), compiled(after)).map(({ type, class: kind }) => `${type} ${kind}`)

const TWO = 'type: enum, values: [a, b]'
const THREE = 'type: enum, values: [a, b, c]'

test.each([
  ['a value is added', TWO, THREE, ['WIDEN_FIELD compatible']],
  ['a value is added to a strict one', `${TWO}, strict: true`, `${THREE}, strict: true`, ['ADD_VALUES breaking']],
  ['and the promise is taken back', `${TWO}, strict: true`, THREE, ['ADD_VALUES breaking', 'UNSET_STRICT breaking']],
  ['only the promise is taken back', `${TWO}, strict: true`, TWO, ['UNSET_STRICT breaking']],
  ['the promise is made', TWO, `${TWO}, strict: true`, ['CHANGE_FIELD_NOTE compatible']],
  ['made with a new value', TWO, `${THREE}, strict: true`, ['CHANGE_FIELD_NOTE compatible', 'WIDEN_FIELD compatible']],
  [
    'the order differs',
    `${TWO}, strict: true`,
    'type: enum, values: [b, a], strict: true',
    ['CHANGE_FIELD_NOTE compatible'],
  ],
])('%s', (_, before, after, expected) => {
  expect(changes(before, after).toSorted()).toEqual(expected)
})

test.each(['type: string, strict: true', 'type: enum, values: [a], list: true, strict: true'])(
  '%s is refused',
  (kind) => {
    expect(() => compiled(kind)).toThrow(expect.objectContaining({ code: 'SCHEMA_INVALID' }))
  },
)
