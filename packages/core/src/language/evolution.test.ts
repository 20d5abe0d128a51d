/** What a document says of the version before: compiled, out of the hash, and refused where it contradicts itself. */
import { expect, test } from 'vitest'
import { compileSchema } from './compile-schema.ts'
import { SchemaProblems } from './problem.ts'

const schema = (entity: string, more = ''): string => `
schema: x
entities:
  e: ${entity}
${more}`

function problems(text: string): string[] {
  try {
    compileSchema(text)
    return []
  } catch (error) {
    if (!(error instanceof SchemaProblems)) throw error
    return error.problems.map(({ code, pointer }) => `${code} ${pointer}`)
  }
}

test('what is said of the version before is kept, and does not count', () => {
  const hinted = compileSchema(
    schema(
      `{ renamed_from: d, removed: { h: { down: "f" } }, fields: {
        f: { type: string, renamed_from: g, convert: { up: "string(g)", down: "int(f)" }, fill: x },
        s: { type: enum, values: [a], map: { b: a, c: null } } } }`,
      'removed: [old]',
    ),
  )
  expect(hinted.evolution).toEqual({ removed: ['old'] })
  expect(hinted.entities.e?.evolution).toEqual({ renamedFrom: 'd', removed: { h: { down: 'f' } } })
  expect(hinted.entities.e?.fields.f?.evolution).toEqual({
    renamedFrom: 'g',
    convert: { up: 'string(g)', down: 'int(f)' },
    fill: { literal: 'x' },
  })
  expect(hinted.entities.e?.fields.s?.evolution).toEqual({ map: { b: 'a', c: null } })
  const plain = compileSchema(schema('{ fields: { f: { type: string }, s: { type: enum, values: [a] } } }'))
  expect(hinted.hash).toBe(plain.hash)
})

test.each([
  ['{ removed: [f], fields: { f: { type: string } } }', 'CONTRADICTION /entities/e/removed/0'],
  ['{ removed: { f: {} }, fields: { f: { type: string } } }', 'CONTRADICTION /entities/e/removed/f'],
  [
    '{ fields: { f: { type: string, renamed_from: a }, g: { type: string, renamed_from: a } } }',
    'DUPLICATE_RENAME /entities/e/fields/g/renamed_from',
  ],
  ['{ fields: { f: { type: string, convert: {} } } }', 'MISSING_KEY /entities/e/fields/f/convert'],
  ['{ fields: { f: { type: string, convert: { hook: h, up: "a" } } } }', 'CONTRADICTION /entities/e/fields/f/convert'],
  ['{ fields: { f: { type: enum, values: [a], map: { b: c } } } }', 'UNKNOWN_VALUE /entities/e/fields/f/map'],
  ['{ fields: { f: { type: string, map: { b: c } } } }', 'NOT_APPLICABLE /entities/e/fields/f/map'],
  ['{ fields: { f: { type: integer, fill: x } } }', 'FILL_INVALID /entities/e/fields/f/fill'],
  ['{ fields: { f: { type: string, orphans: fail } } }', 'NOT_APPLICABLE /entities/e/fields/f/orphans'],
])('%s', (entity, problem) => {
  expect(problems(schema(entity))).toEqual([problem])
})

test('an entity cannot be there and gone', () => {
  expect(problems(schema('{ fields: { f: { type: string } } }', 'removed: [e]'))).toEqual(['CONTRADICTION /removed/0'])
})
