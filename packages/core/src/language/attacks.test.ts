/** Texts that attack the reader: refused with a code, within 300 ms and 50 MB. */
import { expect, test } from 'vitest'
import { compileSchema } from './compile-schema.ts'
import { SchemaProblems } from './problem.ts'

const repeat = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('')
const head = 'schema: x\nentities:\n'

/** Name → text and the codes it is refused with, first of all. */
const attacks: Readonly<Record<string, readonly [text: string, code: string]>> = {
  'an alias bomb': [`a: &a [x]\n${repeat(30, (i) => `b${i}: &b${i} [*a, *a]\n`)}`, 'YAML_ANCHOR'],
  'an alias alone': ['schema: *x', 'YAML_ALIAS'],
  '20,000 brackets': ['['.repeat(20_000), 'TOO_DEEP'],
  '20,000 maps': ['{a: '.repeat(20_000), 'TOO_DEEP'],
  '20,000 list items in one line': ['- '.repeat(20_000), 'TOO_DEEP'],
  '20,000 keys in one line': ['a: '.repeat(20_000), 'TOO_DEEP'],
  '20,000 explicit keys': ['? '.repeat(20_000), 'TOO_DEEP'],
  '1,000 indented blocks': [repeat(1000, (i) => `${' '.repeat(i)}a:\n`), 'TOO_DEEP'],
  'blocks whose colons do not move': [repeat(900, (i) => `${' '.repeat(i)}${'a'.repeat(950 - i)}:\n`), 'TOO_DEEP'],
  '10 MB': ['a'.repeat(10_000_000), 'TOO_LARGE'],
  'more than 1 MB in bytes alone': [`schema: "${'é'.repeat(600_000)}"`, 'TOO_LARGE'],
  'a number of a million digits': [`schema: ${'9'.repeat(1_000_000)}`, 'TOO_LARGE'],
  'half a million items': [`[${'a,'.repeat(500_000)}]`, 'TOO_MANY_PARTS'],
  'half a million closing brackets': [']'.repeat(500_000), 'TOO_MANY_PARTS'],
  'a million empty lines': ['\n'.repeat(1_000_000), 'TOO_MANY_PARTS'],
  'a block text of 200,000 lines': [`schema: |\n${'  x\n'.repeat(200_000)}`, 'TOO_LARGE'],
  '100,000 documents': ['---\na\n'.repeat(100_000), 'YAML_DOCUMENTS'],
  'a second document': [`${head} {}\n---\nschema: y\n`, 'YAML_DOCUMENTS'],
  'a second document after an end mark': [`schema: x\nentities: {}\n...\nschema: y\n`, 'YAML_SYNTAX'],
  'a duplicate key': ['schema: x\nschema: y\nentities: {}\n', 'DUPLICATE_KEY'],
  'a merge key': [`${head}  <<: { a: 1 }\n`, 'YAML_MERGE_KEY'],
  'a custom tag': ['schema: !!js/function x\nentities: {}\n', 'YAML_TAG'],
  'a directive': ['%YAML 1.1\n---\nschema: x\nentities: {}\n', 'YAML_DIRECTIVE'],
  'an entity __proto__': [`${head}  __proto__: { fields: {} }\n`, 'UNKNOWN_KEY'],
  'an entity constructor': [`${head}  constructor: { fields: {} }\n`, 'UNKNOWN_KEY'],
  'a field __proto__': [`${head}  e: { fields: { __proto__: { type: text } } }\n`, 'UNKNOWN_KEY'],
  'an option __proto__': [`${head}  e: { fields: { f: { type: text, __proto__: { list: true } } } }\n`, 'UNKNOWN_KEY'],
  'an option toString': [`${head}  e: { fields: {}, toString: 1 }\n`, 'UNKNOWN_KEY'],
  'a role named constructor': ['schema: x\nroles: { constructor: {} }\nentities: {}\n', 'UNKNOWN_KEY'],
  'a reference to constructor': [`${head}  e: { fields: { f: { to: constructor } } }\n`, 'UNKNOWN_ENTITY'],
  'a type from the prototype': [`${head}  e: { fields: { f: { type: toString } } }\n`, 'UNKNOWN_VALUE'],
  NUL: ['schema: x\0\nentities: {}', 'FORBIDDEN_CHARACTER'],
  'NUL as an escape': ['schema: x\ndescription: "a\\0b"\nentities: {}', 'FORBIDDEN_CHARACTER'],
  'half a surrogate as an escape': ['schema: x\ndescription: "\\ud800"\nentities: {}', 'FORBIDDEN_CHARACTER'],
  infinity: [`${head}  e: { fields: { f: { type: float, default: .inf } } }\n`, 'NUMBER_INEXACT'],
  'an exponent of a million': [`${head}  e: { fields: { f: { type: decimal, min: "1e9999999" } } }\n`, 'BOUND_INVALID'],
  'SQL in a name': [`${head}  'x"; drop table y; --': { fields: {} }\n`, 'INVALID_NAME'],
  'a pattern that backtracks by a million': [
    `${head}  e: { fields: { f: { type: string, pattern: "${'('.repeat(60_000)}" } } }\n`,
    'PATTERN_INVALID',
  ],
  'expressions of nothing but parentheses': [
    `${head}  e:\n    fields: {}\n    check:\n${repeat(50, () => `      - "${'('.repeat(1900)}"\n`)}`,
    'EXPRESSION_TOO_DEEP',
  ],
  'expressions without end': [
    `${head}  e:\n    fields: { n: { type: integer } }\n    check:\n${repeat(50, () => `      - n > 0${' || n > 0'.repeat(240)}\n`)}`,
    'EXPRESSION_TOO_LARGE',
  ],
  'computed fields that double at every step': [
    `${head}  e:\n    fields:\n${repeat(15, (i) => `      f${i}: { computed: "f${i + 1} + f${i + 1}" }\n`)}      f15: { type: integer }\n`,
    'EXPRESSION_TOO_LARGE',
  ],
  'a rule for constructor': [
    `schema: x\nroles: { a: {} }\nentities:\n  e: { fields: {}, access: { a: { constructor: true } } }\n`,
    'UNKNOWN_KEY',
  ],
  'a rule of a role from the prototype': [
    `${head}  e: { fields: {}, access: { toString: { read: true } } }\n`,
    'UNKNOWN_ROLE',
  ],
  'an expression that names the prototype': [
    `${head}  e: { fields: {}, check: "self.constructor != null" }\n`,
    'UNKNOWN_FIELD',
  ],
  nothing: ['', 'WRONG_TYPE'],
  'a list': ['[]', 'WRONG_TYPE'],
  'broken YAML': ['schema: [x\nentities: {', 'YAML_SYNTAX'],
}

/** Runs of one attack: the fastest of them counts, since a busy machine must not fail the test. */
const RUNS_MAX = 5
const TIME_MAX_MS = 300

test.each(Object.entries(attacks))('%s is refused fast and with little memory', (_, [text, code]) => {
  const heap = process.memoryUsage().heapUsed
  let refusal = refuse(text)
  expect((process.memoryUsage().heapUsed - heap) / 1e6).toBeLessThan(50)
  expect(refusal.codes).toContain(code)
  for (let run = 1; run < RUNS_MAX && refusal.timeMs >= TIME_MAX_MS; run++) refusal = refuse(text)
  expect(refusal.timeMs).toBeLessThan(TIME_MAX_MS)
})

/** Time is that of the processor in this thread alone. */
function refuse(text: string): { readonly codes: readonly string[]; readonly timeMs: number } {
  const start = process.threadCpuUsage()
  try {
    compileSchema(text)
  } catch (error) {
    const { user, system } = process.threadCpuUsage(start)
    if (!(error instanceof SchemaProblems)) throw error
    return { codes: error.problems.map((problem) => problem.code), timeMs: (user + system) / 1000 }
  }
  expect.unreachable('the text was taken')
}

test('problems beyond what anyone reads are counted, not listed', () => {
  const text = `${head}  e:\n    fields:\n${repeat(500, (i) => `      f${i}: 5\n`)}`
  try {
    compileSchema(text)
    expect.unreachable()
  } catch (error) {
    expect(error).toHaveProperty('problems.length', 201)
    expect(error).toHaveProperty('problems.200.message', '300 more problems are not listed')
  }
})

test('a large and honest schema compiles', () => {
  const fields = repeat(15, (i) => `      f${i}: { type: string, required: true, max: 100 }\n`)
  const text = head + repeat(200, (i) => `  e${i}:\n    fields:\n${fields}`)
  expect(Object.keys(compileSchema(text).entities)).toHaveLength(200)
})
