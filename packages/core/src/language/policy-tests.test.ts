/** Policy tests, in a schema and in files of their own: what they come to, and what is refused. */
import { expect, test } from 'vitest'
import { compileSchema, schemaTests } from './compile-schema.ts'
import { SchemaProblems } from './problem.ts'
import { readTests } from './read-tests.ts'

const SAL = '018f0000-0000-7000-8000-000000000001'
const SCHEMA = `
schema: crm
roles: { sales: {}, admin: { inherits: [sales] } }
entities:
  companies: { fields: { name: { type: string, required: true } } }
  contacts:
    fields:
      email: { type: string, required: true }
      owner_id: { type: uuid }
      score: { type: bigint }
      rate: { type: decimal }
      photo: { type: bytes }
      status: { type: enum, values: [lead, customer], default: lead, required: true }
      label: { computed: "email + '!'" }
`
const crm = compileSchema(SCHEMA)

/** `pointer code` of each problem of a list of tests. */
function problemsOf(tests: string): readonly string[] {
  try {
    readTests(`tests: ${tests}`, crm)
  } catch (error) {
    if (!(error instanceof SchemaProblems)) throw error
    return error.problems.map((p) => `${p.pointer} ${p.code}`)
  }
  return []
}

test('a case says what one caller can and cannot do', () => {
  const [found] = readTests(
    `tests:
  - name: sales
    as: { role: sales, id: ${SAL}, email: a@b.c }
    can:
      - { read: contacts, fields: [email] }
      - { create: contacts, input: { email: x, score: 9223372036854775807, rate: 1.5, photo: '\\x00' } }
    can_not: { update: contacts, row: { owner_id: ${SAL} }, input: { status: customer, label: x } }
`,
    crm,
  )
  const of = { principal: 'sales', entity: 'contacts' }
  expect(found).toEqual({
    name: 'sales',
    place: { pointer: '/tests/0', line: 2, column: 5 },
    fixtures: [],
    principals: { sales: { kind: 'user', roles: ['sales'], id: SAL, email: 'a@b.c' } },
    expectations: [
      {
        ...of,
        action: 'read',
        allowed: true,
        fields: ['email'],
        place: { pointer: '/tests/0/can/0', line: 5, column: 9 },
      },
      {
        ...of,
        action: 'create',
        allowed: true,
        input: { email: 'x', score: '9223372036854775807', rate: '1.5', photo: '\\x00' },
        place: { pointer: '/tests/0/can/1', line: 6, column: 9 },
      },
      {
        ...of,
        action: 'update',
        allowed: false,
        row: { values: { owner_id: SAL } },
        input: { status: 'customer', label: 'x' },
        place: { pointer: '/tests/0/can_not', line: 7, column: 14 },
      },
    ],
  })
})

test('a caller is called by its roles, and a test without name by its number', () => {
  const found = readTests(
    `tests:
  - { as: { roles: [sales, admin] }, can: { read: contacts } }
  - { as: {}, can_not: { read: contacts } }
  - { as: { kind: anonymous }, can_not: { read: contacts } }
`,
    crm,
  )
  expect(found.map((test) => [test.name, ...Object.keys(test.principals)])).toEqual([
    ['test 1', 'sales + admin'],
    ['test 2', 'no role'],
    ['test 3', 'anonymous'],
  ])
})

const MATRIX = `
tests:
  - name: contacts
    fixtures:
      companies: [{ name: a }]
      contacts:
        mine: { email: m, owner_id: ${SAL} }
        theirs: { email: t, status: customer }
    principals:
      sal: { role: sales, id: ${SAL} }
      adm: { role: admin }
    inputs: { contacts: { create: { email: n }, update: { status: customer } } }
    matrix:
      contacts:
        read: { mine: [sal, adm], theirs: [adm] }
        create: [sal]
        update: { mine: [sal] }
        delete: [adm]
      companies: {}
`

test('a matrix is written out: what it does not list is forbidden', () => {
  const [found] = readTests(MATRIX, crm)
  expect(found?.fixtures).toEqual([
    { entity: 'companies', values: { name: 'a' } },
    { entity: 'contacts', label: 'mine', values: { email: 'm', owner_id: SAL } },
    { entity: 'contacts', label: 'theirs', values: { email: 't', status: 'customer' } },
  ])
  const labels = ['', 'mine', 'theirs']
  const allowed = found?.expectations.flatMap(({ principal, action, entity, row, allowed: may }) => {
    const label = row && 'fixture' in row ? labels[row.fixture] : undefined
    return may ? [[principal, action, entity, label].join(' ').trim()] : []
  })
  expect(allowed).toEqual([
    'sal read contacts mine',
    'adm read contacts mine',
    'adm read contacts theirs',
    'sal create contacts',
    'sal update contacts mine',
    'adm delete contacts mine',
    'adm delete contacts theirs',
  ])
  // Two principals: of contacts a create, and three actions on two rows; of companies a create, and three on one.
  expect(found?.expectations).toHaveLength(2 * (1 + 3 * 2) + 2 * (1 + 3))
  expect(found?.expectations.find(({ action }) => action === 'create')?.input).toEqual({ email: 'n' })
  expect(found?.expectations.find(({ action }) => action === 'update')?.input).toEqual({ status: 'customer' })
  expect(found?.expectations.find(({ action }) => action === 'delete')?.place).toEqual({
    pointer: '/tests/0/matrix/contacts/delete',
    line: 18,
    column: 17,
  })
})

test('an entity without fixtures is asked for once, as a whole', () => {
  const [found] = readTests(
    'tests: [{ principals: { sal: { role: sales } }, matrix: { contacts: { read: [sal] } } }]',
    crm,
  )
  expect(found?.expectations.map(({ action, allowed, row }) => [action, allowed, row])).toEqual([
    ['read', true, undefined],
    ['create', false, undefined],
    ['update', false, undefined],
    ['delete', false, undefined],
  ])
})

test('a fixture may be named by its label', () => {
  const [found] = readTests(
    'tests: [{ as: {}, fixtures: { contacts: { a: { email: a }, b: { email: b } } }, can_not: { read: contacts, row: b } }]',
    crm,
  )
  expect(found?.expectations[0]?.row).toEqual({ fixture: 1 })
})

const as = 'as: { role: sales }'
const matrix = 'principals: { sal: { role: sales } }'
test.each([
  ['{}', ' WRONG_TYPE'],
  ['[5]', '/0 WRONG_TYPE'],
  [`[{ ${as}, cann: { read: contacts } }]`, '/0/cann UNKNOWN_KEY'],
  [`[{ ${as} }]`, '/0 MISSING_KEY'],
  [`[{ ${as}, can: [] }]`, '/0 MISSING_KEY'],
  ['[{ can: { read: contacts } }]', '/0 MISSING_KEY'],
  [`[{ ${as}, can: {} }]`, '/0/can MISSING_KEY'],
  [`[{ ${as}, can: { read: contacts, update: contacts } }]`, '/0/can CONTRADICTION'],
  [`[{ ${as}, can: { read: contcts } }]`, '/0/can/read UNKNOWN_ENTITY'],
  [`[{ ${as}, can: { read: contacts, fields: [emial] } }]`, '/0/can/fields/0 UNKNOWN_FIELD'],
  [`[{ ${as}, can: { read: contacts, fields: [] } }]`, '/0/can/fields EMPTY_LIST'],
  [`[{ ${as}, can: { delete: contacts, fields: [email] } }]`, '/0/can/fields NOT_APPLICABLE'],
  [`[{ ${as}, can: { read: contacts, input: { email: x } } }]`, '/0/can/input NOT_APPLICABLE'],
  [`[{ ${as}, can: { create: contacts, row: { email: x } } }]`, '/0/can/row NOT_APPLICABLE'],
  [`[{ ${as}, can: { update: contacts, fields: [email], input: { email: x } } }]`, '/0/can/fields CONTRADICTION'],
  [`[{ ${as}, can: { read: contacts, row: { emial: x } } }]`, '/0/can/row/emial UNKNOWN_FIELD'],
  [`[{ ${as}, can: { read: contacts, row: { tenant_id: x } } }]`, '/0/can/row/tenant_id UNKNOWN_FIELD'],
  [`[{ ${as}, can: { read: contacts, row: { label: x } } }]`, '/0/can/row/label NOT_APPLICABLE'],
  [`[{ ${as}, can: { read: contacts, row: { status: leed } } }]`, '/0/can/row/status VALUE_INVALID'],
  [`[{ ${as}, can: { read: contacts, row: { owner_id: 5 } } }]`, '/0/can/row/owner_id VALUE_INVALID'],
  [`[{ ${as}, can: { read: contacts, row: { photo: 5 } } }]`, '/0/can/row/photo VALUE_INVALID'],
  [`[{ ${as}, can: { read: contacts, row: mine } }]`, '/0/can/row UNKNOWN_LABEL'],
  [`[{ ${as}, can: { read: contacts, row: [] } }]`, '/0/can/row WRONG_TYPE'],
  ['[{ as: { role: seles }, can: { read: contacts } }]', '/0/as/role UNKNOWN_ROLE'],
  ['[{ as: { roles: [sales, x] }, can: { read: contacts } }]', '/0/as/roles/1 UNKNOWN_ROLE'],
  ['[{ as: { role: sales, roles: [admin] }, can: { read: contacts } }]', '/0/as CONTRADICTION'],
  ['[{ as: { id: 5 }, can: { read: contacts } }]', '/0/as/id WRONG_TYPE'],
  ['[{ as: { kind: robot }, can: { read: contacts } }]', '/0/as/kind UNKNOWN_VALUE'],
  [`[{ ${as}, can: { read: contacts }, inputs: {} }]`, '/0 NOT_APPLICABLE'],
  [`[{ ${as}, can: { read: contacts }, matrix: { contacts: {} } }]`, '/0 CONTRADICTION /0 MISSING_KEY'],
  [`[{ ${matrix} }]`, '/0 MISSING_KEY'],
  ['[{ matrix: { contacts: {} } }]', '/0 MISSING_KEY'],
  [`[{ ${matrix}, matrix: {} }]`, '/0 EMPTY_TEST'],
  [`[{ ${matrix}, matrix: { contcts: {} } }]`, '/0/matrix/contcts UNKNOWN_ENTITY'],
  [`[{ ${matrix}, matrix: { contacts: { reed: [] } } }]`, '/0/matrix/contacts/reed UNKNOWN_KEY'],
  [`[{ ${matrix}, matrix: { contacts: { read: sal } } }]`, '/0/matrix/contacts/read WRONG_TYPE'],
  [`[{ ${matrix}, matrix: { contacts: { read: [sul] } } }]`, '/0/matrix/contacts/read/0 UNKNOWN_PRINCIPAL'],
  [`[{ ${matrix}, matrix: { contacts: { read: [sal, sal] } } }]`, '/0/matrix/contacts/read/1 DUPLICATE_VALUE'],
  [`[{ ${matrix}, matrix: { contacts: { read: { mine: [sal] } } } }]`, '/0/matrix/contacts/read/mine UNKNOWN_LABEL'],
  [`[{ ${matrix}, matrix: { contacts: { create: { mine: [sal] } } } }]`, '/0/matrix/contacts/create WRONG_TYPE'],
  [`[{ ${matrix}, matrix: { contacts: {} }, inputs: { companies: {} } }]`, '/0/inputs/companies NOT_APPLICABLE'],
  [`[{ ${as}, can: { read: contacts }, fixtures: { contcts: [] } }]`, '/0/fixtures/contcts UNKNOWN_ENTITY'],
  [`[{ ${as}, can: { read: contacts }, fixtures: { contacts: [{}] } }]`, '/0/fixtures/contacts/0 MISSING_FIELD'],
  [
    `[{ ${as}, can: { read: contacts }, fixtures: { contacts: { a: { email: null } } } }]`,
    '/0/fixtures/contacts/a MISSING_FIELD',
  ],
])('the tests %s are refused', (tests, problem) => {
  expect(
    problemsOf(tests)
      .map((found) => found.replace('/tests', ''))
      .join(' '),
  ).toBe(problem)
})

test('a file may say which schema it is for, and is refused for another', () => {
  const text = `schema: crm\ntests: [{ ${as}, can: { read: contacts } }]`
  expect(readTests(text, crm)).toHaveLength(1)
  expect(() => readTests(text.replace('crm', 'shop'), crm)).toThrow('the tests have 1 problem')
})

test.each(['', '[]', 'tests', '{ tests: [', 'tests: []\n---\ntests: []'])('the file %j is refused', (text) => {
  try {
    readTests(text, crm)
    expect.unreachable()
  } catch (error) {
    expect(error).toMatchObject({ code: 'TESTS_INVALID', status: 422 })
  }
})

test("a schema's own tests are checked with it, and are no part of what it compiles to", () => {
  const tests = 'tests: [{ as: { role: sales }, can_not: { read: contacts, row: { owner_id: null } } }]'
  expect(schemaTests(SCHEMA)).toEqual([])
  expect(schemaTests(SCHEMA + tests)[0]?.expectations[0]).toMatchObject({
    allowed: false,
    row: { values: { owner_id: null } },
  })
  expect(compileSchema(SCHEMA + tests)).toEqual(crm)
  try {
    compileSchema(SCHEMA + tests.replace('sales', 'seles'))
    expect.unreachable()
  } catch (error) {
    expect((error as SchemaProblems).problems).toMatchObject([
      { pointer: '/tests/0/as/role', line: 15, column: 23, code: 'UNKNOWN_ROLE', hint: 'did you mean `sales`?' },
    ])
  }
})

test('two faulty tests are both told of', () => {
  try {
    compileSchema(`${SCHEMA}tests: [{ ass: {} }, { cann: {} }]`)
    expect.unreachable()
  } catch (error) {
    expect((error as SchemaProblems).problems.map((p) => p.pointer)).toEqual(['/tests/0/ass', '/tests/1/cann'])
  }
})

test('a matrix that multiplies beyond reason is refused before it is written out', () => {
  const many = (count: number, line: (index: number) => string): string =>
    Array.from({ length: count }, (_, i) => line(i)).join(', ')
  const text = `[{ fixtures: { companies: [${many(500, () => '{ name: a }')}] }, principals: { ${many(500, (i) => `p${i}: {}`)} }, matrix: { companies: {} } }]`
  const start = process.cpuUsage()
  expect(problemsOf(text)).toEqual(['/tests/0 TOO_MANY_EXPECTATIONS'])
  const { user, system } = process.cpuUsage(start)
  expect((user + system) / 1000).toBeLessThan(300)
})
