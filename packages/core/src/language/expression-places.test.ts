/** A fault in an expression is told where it stands in the document, however the expression is written there. */
import { expect, test } from 'vitest'
import { compileSchema } from './compile-schema.ts'
import { type Problem, SchemaProblems } from './problem.ts'

function problemsOf(text: string): readonly Problem[] {
  try {
    compileSchema(text)
  } catch (error) {
    if (error instanceof SchemaProblems) return error.problems
    throw error
  }
  return []
}

/** Every text names `wrong`, which no entity has; the place of it is the place of the fault. */
const inRule = (where: string): string => `
schema: x
roles: { a: {} }
entities:
  e:
    fields:
      s: { type: string }
    access:
      a:
        read:
          where: ${where}
        update: true
`

test.each([
  ['plain', inRule('s != null && wrong == s')],
  ['plain, over two lines', inRule("s != null\n            && wrong == 'x'")],
  ['double quotes', inRule('"s == \'\\\\n\' || wrong == null"')],
  ['double quotes with escapes', inRule('"s == \\"\\u00e4\\" || wrong == null"')],
  ['single quotes', inRule("'s == ''x'' || wrong == null'")],
  ['a literal block', inRule("|\n            s == 'x'\n              || wrong == null")],
  ['a folded block', inRule(">-\n            s == 'x'\n            || wrong == null\n")],
  ['a default', 'schema: x\nentities: { e: { fields: { s: { type: string, default: { cel: "wrong" } } } } }'],
  ['a computed field', 'schema: x\nentities: { e: { fields: { s: { type: string }, c: { computed: "s + wrong" } } } }'],
  ['a check of a field', "schema: x\nentities: { e: { fields: { s: { type: string, check: 's == wrong' } } } }"],
  [
    'a list of checks',
    'schema: x\nentities:\n  e:\n    fields: { s: { type: string } }\n    check: [s != null, "s == wrong"]',
  ],
  [
    'JSON',
    '{ "schema": "x", "entities": { "e": { "fields": { "s": { "type": "string" } }, "check": "s == wrong" } } }',
  ],
])('%s', (_, text) => {
  const before = text.slice(0, text.indexOf('wrong')).split('\n')
  const [problem, ...others] = problemsOf(text)
  expect(others).toEqual([])
  expect(problem?.message).toContain('wrong')
  expect([problem?.line, problem?.column]).toEqual([before.length, (before.at(-1)?.length ?? 0) + 1])
})

test('a stored field that reads a stored one is told where it names it', () => {
  const text =
    'schema: x\nentities: { e: { fields: { s: { type: string }, a: { computed: s, stored: true }, c: { computed: "s + a", stored: true } } } }'
  const [problem] = problemsOf(text)
  expect(problem).toMatchObject({
    code: 'NOT_ALLOWED',
    line: 2,
    column: (text.split('\n')[1]?.indexOf('a", stored') ?? 0) + 1,
  })
})

test('a text that ends too early is told at its end', () => {
  const text = inRule('"s == "')
  const [problem] = problemsOf(text)
  const line = text.split('\n')[10] ?? ''
  expect([problem?.line, problem?.column]).toEqual([11, line.lastIndexOf('=') + 2])
})
