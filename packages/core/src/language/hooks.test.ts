import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { defineFunction, type FunctionDefinition } from '../contracts/function.ts'
import { compileSchema } from './compile-schema.ts'
import { SchemaProblems } from './problem.ts'

const upper = defineFunction({
  name: 'test.upper',
  kind: 'transform',
  needs: 'pure',
  callable: true,
  description: '',
  fields: ['string'],
  settings: v.strictObject({ locale: v.optional(v.string()) }),
  params: v.strictObject({
    max: v.optional(v.pipe(v.number(), v.integer(), v.maxValue(9)), 5),
    words: v.optional(v.strictObject({ first: v.boolean() })),
  }),
  run: (_, value) => String(value).toUpperCase(),
})
const stamp = defineFunction({
  name: 'test.stamp',
  kind: 'hook',
  needs: 'pure',
  description: '',
  moments: ['before_create', 'before_update'],
  params: v.strictObject({ field: v.string() }),
  check: ({ field }, { entities, entity }) =>
    entities[entity]?.[field] ? [] : [{ path: ['field'], message: `no field ${field}` }],
  run: () => ({}),
})
const functions: readonly FunctionDefinition[] = [upper, stamp]

const schema = (hooks: string, top = ''): string => `schema: s
roles: { clerk: {} }
${top}
entities:
  notes:
    fields:
      title: { type: string }
      size: { type: integer }
      tags: { type: string, list: true }
      long: { computed: "title + '!'" }
    hooks:
${hooks}
`

function problems(text: string): string[] {
  try {
    compileSchema(text, { functions })
  } catch (error) {
    if (error instanceof SchemaProblems)
      return error.problems.map(({ line, column, code, pointer, hint }) =>
        [`${line}:${column}`, code, pointer, ...(hint ? [hint] : [])].join(' '),
      )
    throw error
  }
  return []
}

test('a hook is compiled with what its function made of its parameters', () => {
  const text = schema(`      before_create: [{ use: test.upper, on: title, when: "changed('title')" }]
      before_update: [{ use: test.stamp, with: { field: size }, when: "size > 1" }, { use: test.upper, on: title }]`)
  const hooks = compileSchema(text, { functions }).entities.notes?.hooks
  expect(hooks?.before_create).toMatchObject([{ use: 'test.upper', on: 'title', params: { max: 5 } }])
  expect(hooks?.before_create?.[0]?.old).toBeUndefined()
  expect(hooks?.before_update).toMatchObject([{ use: 'test.stamp', old: true }, { use: 'test.upper' }])
  expect(hooks?.before_update?.[1]?.old).toBeUndefined()
})

test('hooks, their order and parameters are part of the content', () => {
  const hash = (hooks: string): string => compileSchema(schema(hooks), { functions }).hash
  const [a, b] = ['{ use: test.upper, on: title }', '{ use: test.stamp, with: { field: size } }']
  const first = hash(`      before_create: [${a}, ${b}]`)
  expect(hash(`      before_create: [${b}, ${a}]`)).not.toBe(first)
  expect(hash(`      before_create: [${a.replace('title }', 'title, with: { max: 4 } }')}, ${b}]`)).not.toBe(first)
  expect(hash(`      before_create: [${a.replace('title }', 'title, with: { max: 5 } }')}, ${b}]`)).toBe(first)
})

describe('refused where it stands', () => {
  const refused: readonly (readonly [name: string, hook: string, problem: string])[] = [
    [
      'an unknown function',
      '{ use: test.uper, on: title }',
      '13:18 UNKNOWN_FUNCTION /entities/notes/hooks/before_create/0/use did you mean `test.upper`?',
    ],
    [
      'an unknown parameter',
      '{ use: test.upper, on: title, with: { mox: 3 } }',
      '13:49 UNKNOWN_PARAMETER /entities/notes/hooks/before_create/0/with/mox did you mean `max`?',
    ],
    [
      'a wrong parameter',
      '{ use: test.upper, on: title, with: { max: 10 } }',
      '13:54 WRONG_PARAMETER /entities/notes/hooks/before_create/0/with/max',
    ],
    [
      'one inside another',
      '{ use: test.upper, on: title, with: { words: { frist: true, first: true } } }',
      '13:58 UNKNOWN_PARAMETER /entities/notes/hooks/before_create/0/with/words/frist did you mean `first`?',
    ],
    [
      'a missing parameter',
      '{ use: test.stamp }',
      '13:11 MISSING_PARAMETER /entities/notes/hooks/before_create/0/with/field',
    ],
    [
      'a parameter that does not fit the entity',
      '{ use: test.stamp, with: { field: sice } }',
      '13:45 WRONG_PARAMETER /entities/notes/hooks/before_create/0/with/field',
    ],
    [
      'a number that JSON cannot hold',
      '{ use: test.upper, on: title, with: { max: 12345678901234567890 } }',
      '13:54 WRONG_PARAMETER /entities/notes/hooks/before_create/0/with/max',
    ],
    ['no field', '{ use: test.upper }', '13:11 MISSING_KEY /entities/notes/hooks/before_create/0'],
    [
      'a field that is none',
      '{ use: test.upper, on: titel }',
      '13:34 UNKNOWN_FIELD /entities/notes/hooks/before_create/0/on did you mean `title`?',
    ],
    [
      'a field of another type',
      '{ use: test.upper, on: size }',
      '13:34 NOT_APPLICABLE /entities/notes/hooks/before_create/0/on',
    ],
    ['a list', '{ use: test.upper, on: tags }', '13:34 NOT_APPLICABLE /entities/notes/hooks/before_create/0/on'],
    [
      'a computed field',
      '{ use: test.upper, on: long }',
      '13:34 NOT_APPLICABLE /entities/notes/hooks/before_create/0/on',
    ],
    [
      'a condition that is none',
      '{ use: test.upper, on: title, when: "titel == 1" }',
      '13:48 UNKNOWN_NAME /entities/notes/hooks/before_create/0/when did you mean `title`?',
    ],
    [
      'a key that a hook has not',
      '{ use: test.upper, on: title, if: true }',
      '13:41 UNKNOWN_KEY /entities/notes/hooks/before_create/0/if it knows use, on, when, with',
    ],
  ]
  test.each(refused)('%s', (_, hook, problem) => {
    const text = schema(`      before_create:\n        - ${hook}`)
    expect(problems(text)).toEqual([problem])
  })

  test('a moment at which the function does nothing', () => {
    const text = schema('      before_delete:\n        - { use: test.upper, on: title }')
    expect(problems(text)).toEqual([
      '13:18 NOT_APPLICABLE /entities/notes/hooks/before_delete/0/use use it at before_create, before_update',
    ])
  })

  test('settings and roles of `functions:`', () => {
    const top = 'functions:\n  test.upper: { locale: 3, roles: [clark] }\n  test.stamp: { roles: [clerk], more: 1 }'
    expect(problems(schema('      before_create: []', top))).toEqual([
      '4:25 WRONG_PARAMETER /functions/test.upper/locale',
      '4:36 UNKNOWN_ROLE /functions/test.upper/roles/0 did you mean `clerk`?',
      '5:17 NOT_APPLICABLE /functions/test.stamp/roles',
      '5:33 UNKNOWN_PARAMETER /functions/test.stamp/more there are none',
    ])
  })

  test('more than a moment holds, or parameters without end', () => {
    const many = Array(51).fill('{ use: test.upper, on: title }').join()
    expect(problems(schema(`      before_create: [${many}]`))[0]).toContain('TOO_MANY_HOOKS')
    const long = `{ use: test.stamp, with: { field: "${'x'.repeat(20_000)}" } }`
    expect(problems(schema(`      before_create: [${long}]`))[0]).toContain('TOO_MANY_PARAMETERS')
  })
})
