/** Computed fields, expression defaults and checks. */
import { expect, test } from 'vitest'
import type { CompiledEntity } from '../contracts/compiled.ts'
import { compileSchema } from './compile-schema.ts'
import { SchemaProblems } from './problem.ts'

const withFields = (fields: string, options = ''): string => `
schema: x
entities:
  companies: { fields: { name: { type: string }, owner_id: { type: uuid } } }
  contacts:
    fields:
${fields.replace(/^/gm, '      ')}
      first: { type: string }
      age: { type: integer }
      born: { type: date }
      status: { type: enum, values: [lead, customer] }
      tags: { type: string, list: true }
      company_id: { to: companies, as: company }
${options.replace(/^/gm, '    ')}
`

function contacts(fields: string, options?: string): CompiledEntity {
  return compileSchema(withFields(fields, options)).entities.contacts as CompiledEntity
}

/** `pointer code` of each problem, the pointer from the entity on. */
function problemsOf(fields: string, options?: string): readonly string[] {
  try {
    compileSchema(withFields(fields, options))
  } catch (error) {
    if (!(error instanceof SchemaProblems)) throw error
    return error.problems.map((p) => `${p.pointer.replace('/entities/contacts', '')} ${p.code}`)
  }
  return []
}

test('a computed field has the type of its expression, stands at its place, and is written by nobody', () => {
  const { fields } = contacts('full: { computed: "first + \'!\'", description: The name }')
  expect(Object.keys(fields).slice(0, 3)).toEqual(['id', 'full', 'first'])
  expect(Object.keys(fields).at(-1)).toBe('revision')
  expect(fields.full).toMatchObject({
    name: 'full',
    description: 'The name',
    type: 'text',
    list: false,
    required: false,
    writable: false,
    computed: { stored: false, expression: { source: "first + '!'", reads: [{ entity: 'contacts', field: 'first' }] } },
  })
})

test.each([
  ['age + 1', 'bigint', false],
  ['age > 1', 'boolean', false],
  ['first', 'text', false],
  ['status', 'text', false],
  ['double(age)', 'float', false],
  ['decimal(age)', 'decimal', false],
  ['born', 'date', false],
  ['created_at', 'timestamp', false],
  ['created_at - updated_at', 'interval', false],
  ['company.owner_id', 'uuid', false],
  ["first.split('@')", 'text', true],
  ['tags', 'text', true],
])('%s makes a field of type %s', (source, type, list) => {
  expect(contacts(`f: { computed: "${source}" }`).fields.f).toMatchObject({ type, list })
})

test('a type that is said must agree', () => {
  expect(contacts('f: { computed: "age + 1", type: integer }').fields.f?.type).toBe('integer')
  expect(contacts('f: { computed: "first", type: string, list: false }').fields.f?.type).toBe('string')
  expect(problemsOf('f: { computed: "age + 1", type: string }')).toEqual(['/fields/f/type COMPUTED_TYPE'])
  expect(problemsOf('f: { computed: "status", type: enum }')).toEqual(['/fields/f/type COMPUTED_TYPE'])
  expect(problemsOf('f: { computed: "first", list: true }')).toEqual(['/fields/f/list COMPUTED_TYPE'])
  expect(problemsOf('f: { computed: "null" }')).toEqual(['/fields/f/computed TYPE_MISMATCH'])
})

test('a stored field may be unique and indexed', () => {
  const { fields, unique, indexes } = contacts(
    'low: { computed: "first.lowerAscii()", stored: true, unique: true }',
    'indexes: [[low, age]]\nunique: [[low, born]]',
  )
  expect(fields.low?.computed?.stored).toBe(true)
  expect(unique).toEqual([['low'], ['low', 'born']])
  expect(indexes).toEqual([['low', 'age']])
})

test('virtual fields read virtual fields, whatever their order and entity', () => {
  const { fields } = contacts('a: { computed: "b + \'a\'" }\nb: { computed: "c + \'b\'" }\nc: { computed: "first" }')
  expect(fields.a?.computed?.expression.reads).toEqual([{ entity: 'contacts', field: 'b' }])
  expect(Object.keys(fields).slice(1, 5)).toEqual(['a', 'b', 'c', 'first'])
})

test.each([
  ['a: { computed: "a" }', '`a` is computed from itself: a → a'],
  ['a: { computed: "b" }\nb: { computed: "c" }\nc: { computed: "a" }', '`a` is computed from itself: a → b → c → a'],
  ['z: { computed: "a" }\na: { computed: "b" }\nb: { computed: "a" }', '`a` is computed from itself: a → b → a'],
  ['a: { computed: "a", stored: true }', '`a` is computed from itself: a → a'],
])('a circle is refused once, by its names: %s', (fields, message) => {
  try {
    compileSchema(withFields(fields))
    expect.unreachable()
  } catch (error) {
    expect((error as SchemaProblems).problems).toMatchObject([{ code: 'COMPUTED_CYCLE', message }])
  }
})

test('a circle through two entities names them', () => {
  const text = `
schema: x
entities:
  a: { fields: { b_id: { to: b }, x: { computed: "b.y" } } }
  b: { fields: { a_id: { to: a }, y: { computed: "a.x" } } }
`
  expect(() => compileSchema(text)).toThrow(SchemaProblems)
  try {
    compileSchema(text)
  } catch (error) {
    expect((error as SchemaProblems).problems.map((p) => p.message)).toEqual([
      '`x` is computed from itself: a.x → b.y → a.x',
    ])
  }
})

test('what doubles at every step is refused before it is written out', () => {
  const doubling = Array.from({ length: 15 }, (_, i) => `f${i}: { computed: "f${i + 1} + f${i + 1}" }`)
  expect(problemsOf(`${doubling.join('\n')}\nf15: { computed: "first" }`)).toContain(
    '/fields/f6/computed EXPRESSION_TOO_LARGE',
  )
})

test.each(['backward', 'forward'])('a chain of a thousand fields is refused, read %s', (order) => {
  const chain = Array.from({ length: 900 }, (_, i) => `f${i}: { computed: "${i === 899 ? 'first' : `f${i + 1}`}" }`)
  const found = problemsOf((order === 'forward' ? chain : chain.toReversed()).join('\n'))
  expect(found.length).toBeGreaterThan(0)
  expect(found[0]).toMatch(/COMPUTED_TOO_DEEP|EXPRESSION_TOO_LARGE/)
})

test.each([
  ['f: { computed: "frist" }', undefined, '/fields/f/computed UNKNOWN_NAME'],
  ['f: { computed: 5 }', undefined, '/fields/f/computed WRONG_TYPE'],
  ['f: { computed: "first", required: true }', undefined, '/fields/f/required NOT_APPLICABLE'],
  ['f: { computed: "first", default: x }', undefined, '/fields/f/default NOT_APPLICABLE'],
  ['f: { computed: "first", to: companies }', undefined, '/fields/f/to NOT_APPLICABLE'],
  ['f: { computed: "first", max: 5 }', undefined, '/fields/f/max NOT_APPLICABLE'],
  ['f: { computed: "first", check: "true" }', undefined, '/fields/f/check NOT_APPLICABLE'],
  ['f: { computed: "first", unique: true }', undefined, '/fields/f/unique NOT_APPLICABLE'],
  ['f: { type: string, stored: true }', undefined, '/fields/f/stored NOT_APPLICABLE'],
  ['f: { computed: "first" }', 'indexes: [[f]]', '/indexes/0/0 NOT_APPLICABLE'],
  ['f: { computed: "first" }', 'unique: [[f, age]]', '/unique/0/0 NOT_APPLICABLE'],
  ['f: { computed: "first", stored: true }', 'key: f', '/key NOT_APPLICABLE'],
  [
    'f: { computed: "first", stored: true }',
    'references: [{ fields: [f], to: companies }]',
    '/references/0/fields/0 NOT_APPLICABLE',
  ],
  ['f: { computed: "g", stored: true }\ng: { computed: "first" }', undefined, '/fields/f/computed NOT_ALLOWED'],
  ['select: { computed: "first" }', undefined, '/fields/select RESERVED_NAME'],
  ['created_at: { computed: "first" }', undefined, '/fields/created_at SYSTEM_FIELD'],
])('the field %s with %s is refused', (fields, options, problem) => {
  expect(problemsOf(fields, options)).toEqual([problem])
})

test('a fault is told where it is, not where it is read', () => {
  expect(
    problemsOf('a: { computed: "b + c" }\nb: { computed: "nope" }\nc: { type: strng }', 'check: "a == c"'),
  ).toEqual(['/fields/b/computed UNKNOWN_NAME', '/fields/c/type UNKNOWN_VALUE'])
  expect(problemsOf('other_id: { to: compnies, as: other }', 'check: "other.name != null"')).toEqual([
    '/fields/other_id/to UNKNOWN_ENTITY',
  ])
})

test('a default may be an expression of the type of its field', () => {
  const { fields } = contacts(
    'owner: { type: uuid, required: true, default: { cel: current_user.id } }\nat: { type: timestamp, default: { cel: "now()" } }',
  )
  expect(fields.owner?.default).toMatchObject({ from: 'expression', expression: { source: 'current_user.id' } })
  expect(fields.at?.default).toMatchObject({ from: 'expression', expression: { type: 'timestamp' } })
  expect(problemsOf('n: { type: integer, default: { cel: "\'x\'" } }')).toHaveLength(1)
  expect(problemsOf('n: { type: integer, default: { cel: 5 } }')).toEqual(['/fields/n/default WRONG_TYPE'])
  expect(problemsOf('n: { type: json, default: { cel: "1", b: 2 } }')).toEqual(['/fields/n/default WRONG_TYPE'])
  expect(problemsOf('n: { type: integer, default: { cel: "age" } }').map((p) => p.split(' ')[0])).toEqual([
    '/fields/n/default/cel',
  ])
})

test('checks of fields and of the entity, one or several', () => {
  const { checks } = contacts(
    'f: { type: integer, check: "f > 0" }\ng: { type: integer, check: ["g > 0", "g < 9"] }\nr: { to: companies, as: other, check: "r != null" }',
    'check: ["age > 1", "born != null"]',
  )
  expect(checks?.map(({ field, expression }) => [field, expression.source])).toEqual([
    ['f', 'f > 0'],
    ['g', 'g > 0'],
    ['g', 'g < 9'],
    ['r', 'r != null'],
    [undefined, 'age > 1'],
    [undefined, 'born != null'],
  ])
  expect(contacts('f: { type: integer }')).not.toHaveProperty('checks')
  expect(problemsOf('f: { type: integer, check: ["f > 0", "nope"] }')).toEqual(['/fields/f/check/1 UNKNOWN_NAME'])
  expect(problemsOf('f: { type: integer, check: [1] }')).toEqual(['/fields/f/check/0 WRONG_TYPE'])
  expect(problemsOf('', 'checks: "age > 1"')).toEqual(['/checks UNKNOWN_KEY'])
  expect(problemsOf('', 'check: "age"')).toHaveLength(1)
})

test('expressions that are too many, or too long together, are refused without being compiled', () => {
  const long = Array.from({ length: 60 }, (_, i) => `f${i}: { type: integer, check: "f${i} > 0${' '.repeat(2000)}" }`)
  expect(problemsOf(long.join('\n'))).toEqual(['/fields/f49/check TOO_MANY_EXPRESSIONS'])
  const many = `check: [${'"age>0",'.repeat(2001)}]`
  expect(problemsOf('', many)).toEqual(['/check/2000 TOO_MANY_EXPRESSIONS'])
})
