/** 8: schema documents made to explode, hang, smuggle SQL or confuse: refused in no time and little memory. */
import { compileSchema, SchemaProblems } from '@backsaas/core/language'
import { describe, expect, test } from 'vitest'

const entity = (fields: string, more = ''): string => `schema: s\nentities:\n  things:\n${more}    fields:\n${fields}`
const field = (name: string): string => entity(`      ${name}: { type: string }\n`)

const BOMBS: readonly (readonly [string, () => string])[] = [
  ['an alias bomb', aliasBomb],
  ['one alias', () => 'schema: s\nentities: &e\n  a: { fields: { x: { type: string } } }\nother: *e\n'],
  ['an anchor alone', () => 'schema: &s crm\nentities: {}\n'],
  ['20,000 levels of flow lists', () => `schema: s\nentities: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`],
  ['20,000 levels of flow maps', () => `schema: s\nentities: ${'{a: '.repeat(20_000)}${'}'.repeat(20_000)}\n`],
  [
    '2,000 levels of indentation',
    () => Array.from({ length: 2000 }, (_, level) => `${' '.repeat(level)}a:`).join('\n'),
  ],
  ['20,000 unclosed quotes', () => `schema: ${'"'.repeat(20_001)}\n`],
  ['duplicate keys', () => entity('      x: { type: string }\n      x: { type: integer }\n')],
  [
    'duplicate entities',
    () => 'schema: s\nentities:\n  a: { fields: { x: { type: string } } }\n  a: { fields: { y: { type: string } } }\n',
  ],
  [
    'a merge key',
    () => 'schema: s\nbase: { fields: { x: { type: string } } }\nentities:\n  a:\n    <<: { fields: {} }\n',
  ],
  ['a custom tag', () => 'schema: !!js/function "function(){}"\nentities: {}\n'],
  ['a local tag', () => 'schema: !exec "rm"\nentities: {}\n'],
  ['two documents', () => `${field('x')}---\n${field('y')}`],
  ['10 MB', () => `${field('x')}# ${'x'.repeat(10_000_000)}\n`],
  ['10 MB of entities', () => `schema: s\nentities:\n${'  a: { fields: { x: { type: string } } }\n'.repeat(250_000)}`],
  ['nothing', () => ''],
  ['a scalar', () => 'hello'],
  ['a list', () => '- a\n- b\n'],
  ['__proto__ as an entity', () => 'schema: s\nentities:\n  __proto__: { fields: { x: { type: string } } }\n'],
  ['__proto__ as a field', () => field('__proto__')],
  ['__proto__ at the root', () => `${field('x')}__proto__: { polluted: true }\n`],
  ['__proto__ in JSON', () => '{"schema":"s","entities":{},"__proto__":{"polluted":true}}'],
  ['constructor as a member of a field', () => entity('      x: { type: string, constructor: { prototype: 1 } }\n')],
  ['SQL as a field', () => field('"x; drop table users"')],
  ['SQL as an entity', () => "schema: s\nentities:\n  'a\"; drop table b; --': { fields: { x: { type: string } } }\n"],
  ['SQL as a schema', () => 'schema: "s; drop schema public"\nentities:\n  a: { fields: { x: { type: string } } }\n'],
  ['SQL as a type', () => entity('      x: { type: "text; drop table users" }\n')],
  ['SQL as a check', () => entity('      x: { type: string, check: "1=1); drop table users; --" }\n')],
  ['SQL as an index', () => entity('      x: { type: string }\n', '    indexes: [["lower(x)"]]\n')],
  ['SQL as a key', () => entity('      x: { type: string }\n', '    key: "x) ; --"\n')],
  ['SQL as on_delete', () => entity('      x: { to: things, on_delete: "cascade; drop table users" }\n')],
  ['a name of 64 bytes', () => field('x'.repeat(64))],
  ['a name of 49 bytes', () => field('x'.repeat(49))],
  ['a look-alike name', () => field('"nаme"')], // the second letter is Cyrillic
  ['a name with a zero-width joiner', () => field('"na\u200Dme"')],
  ['a name with NUL', () => field('"na\\0me"')],
  ['a name in capitals', () => field('Name')],
  ['a name that begins with _', () => field('_x')],
  ['a name that begins with pg_', () => field('pg_x')],
  ['tenant_id', () => field('tenant_id')],
  ['self', () => field('self')],
  ['select', () => field('select')],
  ['limit', () => field('limit')],
  ['the entity rpc', () => 'schema: s\nentities:\n  rpc: { fields: { x: { type: string } } }\n'],
  ['an unknown member', () => `${field('x')}acess: {}\n`],
  [
    'an access rule of a role that nobody declared',
    () => entity('      x: { type: string }\n', '    access: { admin: { read: true } }\n'),
  ],
  [
    'a hook of a function that nobody has',
    () => entity('      x: { type: string }\n', '    hooks: { before_create: [{ use: "constructor.constructor" }] }\n'),
  ],
  ['a computed field that reads itself', () => entity('      x: { type: string }\n      y: { computed: "y + x" }\n')],
  [
    'SQL as a computed field',
    () => entity('      x: { type: string }\n      y: { computed: "x); drop table users; --" }\n'),
  ],
  ['a pattern that could hang', () => entity('      x: { type: string, pattern: "(a+)+\\\\1$" }\n')],
  [
    'a default of the wrong type',
    () => entity('      x: { type: integer, default: "now()); drop table users; --" }\n'),
  ],
]

const TIME_MAX_MS = 300
/** The fastest run counts: a busy machine must not fail the test. */
const RUNS_MAX = 5

/** How long this thread's processor took to refuse the text. */
function refusalMs(text: string): number {
  const started = process.threadCpuUsage()
  expect(() => compileSchema(text)).toThrow(SchemaProblems)
  const { user, system } = process.threadCpuUsage(started)
  return (user + system) / 1000
}

describe('8: a document that holds', () => {
  test('nothing wrong is taken', () => {
    expect(compileSchema(field('x')).entities.things?.fields.x?.type).toBe('string')
  })

  test.each(BOMBS)('%s', (_, make) => {
    const text = make()
    const heap = process.memoryUsage().heapUsed
    let timeMs = refusalMs(text)
    expect(process.memoryUsage().heapUsed - heap).toBeLessThan(50_000_000)
    for (let run = 1; run < RUNS_MAX && timeMs >= TIME_MAX_MS; run++) timeMs = refusalMs(text)
    expect(timeMs).toBeLessThan(TIME_MAX_MS)
    expect(({} as Record<string, unknown>).polluted).toBe(undefined)
  })

  test('SQL as a literal default is a literal', () => {
    const schema = compileSchema(entity(`      x: { type: string, default: "now()); drop table users; --" }\n`))
    expect(schema.entities.things?.fields.x?.default).toEqual({ literal: 'now()); drop table users; --' })
  })

  test('every problem comes with its place', () => {
    try {
      compileSchema(entity('      tenant_id: { type: string }\n      y: { type: strnig }\n'))
      expect.unreachable()
    } catch (error) {
      if (!(error instanceof SchemaProblems)) throw error
      expect(error.problems.map(({ line, column }) => [line > 0, column > 0])).toEqual([
        [true, true],
        [true, true],
      ])
      expect(error.problems.map((problem) => problem.pointer).join()).toMatch(/tenant_id.*\/y/)
    }
  })
})

/** Nine levels of nine aliases each: 387 million nodes for whoever follows them. */
function aliasBomb(): string {
  const levels = Array.from({ length: 9 }, (_, level) => {
    const of = level === 0 ? Array(9).fill('x') : Array(9).fill(`*a${level - 1}`)
    return `a${level}: &a${level} [${of.join()}]`
  })
  return `${levels.join('\n')}\nschema: s\nentities: *a8\n`
}
