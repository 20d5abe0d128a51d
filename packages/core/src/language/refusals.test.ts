/** What each refused document is told. */
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

/** `place code` of each problem. */
function short(text: string): readonly string[] {
  return problemsOf(text).map((problem) => `${problem.pointer} ${problem.code}`)
}

const withField = (field: string): string => `schema: x\nentities: { e: { fields: { f: ${field} } } }`
const withEntity = (options: string, fields = 'f: { type: string }'): string =>
  `schema: x\nentities:\n  e: { fields: { ${fields} }, ${options} }\n  other: { fields: {} }`

test('all problems are reported at once, each at its line and column, with a hint', () => {
  const text = `schema: crm
rolez: 5
entities:
  contacts:
    fields:
      a: { typ: string }
      b: { type: strng }
      Name: { type: string }
      c: { type: decimal, min: 5, max: 4, precison: 3 }
      r: { to: companys }
    unique: [[b, stauts]]
    acess: {}
  companies:
    fields: { contacts_id: { to: contacts, on_delete: set_null, required: true } }
`
  expect(problemsOf(text).map((p) => `${p.line}:${p.column} ${p.pointer} ${p.code} ${p.hint ?? ''}`.trim())).toEqual([
    '2:1 /rolez UNKNOWN_KEY did you mean `roles`?',
    '6:7 /entities/contacts/fields/a MISSING_KEY',
    '6:12 /entities/contacts/fields/a/typ UNKNOWN_KEY did you mean `type`?',
    '7:18 /entities/contacts/fields/b/type UNKNOWN_VALUE did you mean `string`?',
    '8:7 /entities/contacts/fields/Name INVALID_NAME write `name`',
    '9:40 /entities/contacts/fields/c/max BOUNDS_CROSSED',
    '9:43 /entities/contacts/fields/c/precison UNKNOWN_KEY did you mean `precision`?',
    '10:16 /entities/contacts/fields/r/to UNKNOWN_ENTITY did you mean `companies`?',
    '11:18 /entities/contacts/unique/0/1 UNKNOWN_FIELD',
    '12:5 /entities/contacts/acess UNKNOWN_KEY did you mean `access`?',
    '14:55 /entities/companies/fields/contacts_id/on_delete CONTRADICTION use restrict or cascade, or make the field optional',
  ])
})

test('the error carries every problem for an answer', () => {
  try {
    compileSchema(withField('{ type: strng }'))
    expect.unreachable()
  } catch (error) {
    expect(error).toMatchObject({ code: 'SCHEMA_INVALID', status: 422, message: 'the schema has 1 problem' })
    expect(error).toHaveProperty('errors.0.pointer', '/entities/e/fields/f/type')
  }
})

test.each([
  ['search', withEntity('search: [f]')],
  ['history', withEntity('history: false')],
  ['soft_delete', withEntity('soft_delete: true')],
  ['tsvector', withField('{ type: tsvector }')],
  ['vector', withField('{ type: vector }')],
])('%s is refused as not built', (part, text) => {
  const found = problemsOf(text).filter((problem) => problem.code === 'NOT_BUILT')
  expect(found).toHaveLength(1)
  expect(found[0]?.message).toContain(`\`${part}\` is not built yet`)
})

test.each(
  'tenant_id self current_user tenant select order limit offset columns on_conflict and or not search after'.split(' '),
)('the field name %s is reserved', (name) => {
  expect(short(`schema: x\nentities: { e: { fields: { ${name}: { type: string } } } }`)).toEqual([
    `/entities/e/fields/${name} RESERVED_NAME`,
  ])
})

test.each(['rpc', 'query', 'batch'])('the entity name %s is reserved', (name) => {
  expect(short(`schema: x\nentities: { ${name}: { fields: {} } }`)).toEqual([`/entities/${name} RESERVED_NAME`])
})

test.each([
  ['_x', 'RESERVED_NAME'],
  ['pg_x', 'RESERVED_NAME'],
  ['a'.repeat(49), 'NAME_TOO_LONG'],
  ['a'.repeat(64), 'NAME_TOO_LONG'],
  ['nаme', 'CONFUSABLE_NAME'],
  ['ｎame', 'CONFUSABLE_NAME'],
  ['firstName', 'INVALID_NAME'],
  ['a"; drop table x; --', 'INVALID_NAME'],
  ['1st', 'INVALID_NAME'],
  ['', 'INVALID_NAME'],
])('the name %j is refused', (name, code) => {
  const text = JSON.stringify({ schema: 'x', entities: { e: { fields: { [name]: { type: 'string' } } } } })
  expect(problemsOf(text).map((problem) => problem.code)).toEqual([code])
})

test('a name of 48 bytes is allowed', () => {
  expect(problemsOf(withField('{ type: string }').replace('f:', `${'a'.repeat(48)}:`))).toEqual([])
})

test('a reserved key in the JSON Schema form says how to rename it', () => {
  const [problem] = problemsOf('schema: x\nentities: { t: { key: tenant_id, schema: { properties: {} } } }')
  expect(problem).toMatchObject({ pointer: '/entities/t/key', code: 'RESERVED_NAME' })
  expect(problem?.hint).toContain('rename it, for example to `customer_id`')
})

test.each([
  ['{}', ' MISSING_KEY'],
  ['5', ' WRONG_TYPE'],
  ['{ type: enum }', '/type ENUM_WITHOUT_VALUES'],
  ['{ type: enum, values: [] }', '/values ENUM_WITHOUT_VALUES'],
  ['{ type: enum, values: [a, a] }', '/values DUPLICATE_VALUE'],
  ['{ type: enum, values: [a], default: b }', '/default DEFAULT_INVALID'],
  ['{ type: string, values: [a] }', '/values NOT_APPLICABLE'],
  ['{ type: string, precision: 3 }', '/precision NOT_APPLICABLE'],
  ['{ type: decimal, scale: 3 }', '/scale NOT_APPLICABLE'],
  ['{ type: decimal, precision: 3, scale: 4 }', '/scale BOUNDS_CROSSED'],
  ['{ type: decimal, precision: 3, scale: 1, default: 100 }', '/default DEFAULT_INVALID'],
  ['{ type: decimal, default: 0.10000000000000000001 }', '/default NUMBER_INEXACT'],
  ['{ type: integer, min: 1.5 }', '/min BOUND_INVALID'],
  ['{ type: integer, min: 9007199254740993 }', '/min BOUND_INVALID'],
  ['{ type: bigint, max: 9223372036854775808 }', '/max BOUND_INVALID'],
  ['{ type: integer, min: 3, default: 2 }', '/default DEFAULT_INVALID'],
  ['{ type: string, max: 2, default: abc }', '/default DEFAULT_INVALID'],
  ['{ type: boolean, min: 1 }', '/min NOT_APPLICABLE'],
  ['{ type: boolean, default: yes }', '/default DEFAULT_INVALID'],
  ['{ type: date, default: 2023-02-29 }', '/default DEFAULT_INVALID'],
  ['{ type: timestamp, default: 2023-02-28 }', '/default DEFAULT_INVALID'],
  ['{ type: bytes, default: abc }', '/default DEFAULT_INVALID'],
  ['{ type: string, list: true, default: abc }', '/default DEFAULT_INVALID'],
  ['{ type: json, default: [12345678901234567890] }', '/default DEFAULT_INVALID'],
  ['{ type: string, required: true, default: null }', '/default CONTRADICTION'],
  ['{ type: json, unique: true }', '/unique NOT_APPLICABLE'],
  ['{ type: bigint, identity: true }', '/identity IDENTITY_NOT_KEY'],
  ['{ type: string, on_delete: cascade }', '/on_delete NOT_APPLICABLE'],
  ['{ to: e, type: uuid }', '/type NOT_APPLICABLE'],
  ['{ to: e, as: f }', '/as AMBIGUOUS_NAME'],
  ['{ to: nothing_like_it }', '/to UNKNOWN_ENTITY'],
  ['{ to: e, default: abc }', '/default DEFAULT_INVALID'],
  ['{ type: string, format: emial }', '/format UNKNOWN_VALUE'],
])('the field %s is refused', (field, problem) => {
  expect(short(withField(field))).toEqual([`/entities/e/fields/f${problem}`])
})

test.each(['(?=a)', '(?<!a)b', '(a)\\\\1', '(?<n>a)\\\\k<n>', '[', '(?i)a', 'a{1001}', '[]', '\\\\u0041', 'a**'])(
  'the pattern %s is refused',
  (pattern) => {
    expect(short(withField(`{ type: string, pattern: "${pattern}" }`))).toEqual([
      '/entities/e/fields/f/pattern PATTERN_INVALID',
    ])
  },
)

test('everyday patterns are allowed', () => {
  for (const pattern of ['^[A-Z0-9-]+$', '^(?:a|b){1,3}[^\\]]*\\.$', '[(?=x)]']) {
    expect(problemsOf(withField(`{ type: string, pattern: '${pattern}' }`))).toEqual([])
  }
})

test.each([
  ['key: g', '/key UNKNOWN_FIELD'],
  ['key: []', '/key EMPTY_LIST'],
  ['key: [f, f]', '/key/1 DUPLICATE_FIELD'],
  ['unique: [[f, g]]', '/unique/0/1 UNKNOWN_FIELD'],
  ['unique: [f]', '/unique/0 WRONG_TYPE'],
  ['unique: [[f], [f]]', '/unique/1 DUPLICATE_LIST'],
  ['unique: [[id]]', '/unique/0 DUPLICATE_LIST'],
  ['indexes: [[]]', '/indexes/0 EMPTY_LIST'],
  ['without: [id]', '/without/0 UNKNOWN_VALUE'],
  ['events: [created, created]', '/events DUPLICATE_VALUE'],
  ['events: [create]', '/events/0 UNKNOWN_VALUE'],
  ['has_many: { xs: { entity: other, by: e_id } }', '/has_many/xs/by HAS_MANY_UNMATCHED'],
  ['has_many: { xs: { entity: others } }', '/has_many/xs/entity UNKNOWN_ENTITY'],
  ['has_many: { xs: {} }', '/has_many/xs/entity MISSING_KEY'],
  ['references: [{ fields: [g], to: other }]', '/references/0/fields/0 UNKNOWN_FIELD'],
  ['references: [{ fields: [f], to: other }]', '/references/0/fields/0 REFERENCE_MISMATCH'],
  ['references: [{ fields: [f, id], to: other }]', '/references/0/fields REFERENCE_MISMATCH'],
  ['schema: { properties: {} }', '/schema CONTRADICTION'],
  ['colour: red', '/colour UNKNOWN_KEY'],
])('the entity option %s is refused', (option, problem) => {
  expect(short(withEntity(option))).toEqual([`/entities/e${problem}`])
})

test.each([
  [
    'a system field declared again',
    withEntity('key: id', 'created_at: { type: date }'),
    '/fields/created_at SYSTEM_FIELD',
  ],
  [
    'an `id` that is not said to be the key',
    withEntity('events: []', 'id: { type: string }'),
    '/fields/id SYSTEM_FIELD',
  ],
  ['a list as key', withEntity('key: f', 'f: { type: string, list: true }'), '/fields/f/type KEY_TYPE'],
  ['JSON in an index', withEntity('indexes: [[f]]', 'f: { type: json }'), '/indexes/0/0 NOT_APPLICABLE'],
  [
    'one field for a composite key',
    withEntity('key: [f, g]', 'f: { type: string }, g: { to: e }'),
    '/fields/g/to COMPOSITE_TARGET',
  ],
  ['a key that follows itself', withEntity('key: f', 'f: { to: e }'), '/fields/f/to REFERENCE_CYCLE'],
  [
    'two relations of one name',
    withEntity('events: []', 'a: { to: other, as: x }, b: { to: other, as: x }'),
    '/fields/b/as DUPLICATE_RELATION',
  ],
])('%s is refused', (_, text, problem) => {
  expect(short(text)).toEqual([`/entities/e${problem}`])
})

test('a field may take the place of a system field that is left out, and a natural key be called id', () => {
  expect(problemsOf(withEntity('without: [created_at]', 'created_at: { type: date }'))).toEqual([])
  expect(problemsOf(withEntity('key: id', 'id: { type: string }'))).toEqual([])
})

test.each([
  ['{ a: { inherits: [b] } }', '/roles/a/inherits/0 UNKNOWN_ROLE'],
  ['{ a: { inherits: [a] } }', '/roles/a/inherits ROLE_CYCLE'],
  ['{ a: { inherits: [b] }, b: {}, c: { inherits: [c] }, d: { inherits: [c] } }', '/roles/c/inherits ROLE_CYCLE'],
  ['{ A: {} }', '/roles/A INVALID_NAME'],
  ['{ a: { inherit: [] } }', '/roles/a/inherit UNKNOWN_KEY'],
])('the roles %s are refused', (roles, problem) => {
  expect(short(`schema: x\nroles: ${roles}\nentities: {}`)).toEqual([problem])
})

test.each([
  ['{ type: string, minimum: 3 }', '/minimum NOT_APPLICABLE'],
  ['{ type: [string, integer] }', '/type UNSUPPORTED_TYPE'],
  ['{ type: string, format: regex }', '/format UNKNOWN_VALUE'],
  ['{ type: string, minLength: 3, maxLength: 2 }', '/maxLength BOUNDS_CROSSED'],
  ['{ type: array, items: { type: string, maxLength: 3 } }', '/items/maxLength NOT_APPLICABLE'],
  ['{ type: string, multipleOf: 3 }', '/multipleOf UNKNOWN_KEY'],
  ['{ type: string, pattern: "(?=a)" }', '/pattern PATTERN_INVALID'],
  ['{ type: array, maxItems: 3 }', '/maxItems NOT_APPLICABLE'],
])('the JSON Schema property %s is refused where it stands', (property, problem) => {
  const text = `schema: x\nentities: { e: { schema: { properties: { f: ${property} } } } }`
  expect(short(text)).toEqual([`/entities/e/schema/properties/f${problem}`])
})
