import { expect, test } from 'vitest'
import type { ExpressionType } from '../contracts/expression.ts'
import type { FieldType } from '../contracts/field-type.ts'
import { compileExpression, ExpressionProblem } from './compile-expression.ts'
import type { ContextEntity, ContextField, ExpressionContext, ExpressionUse } from './expression-context.ts'

const field = (type: FieldType, rest: Partial<ContextField> = {}): ContextField => ({ type, list: false, ...rest })

const entities: Readonly<Record<string, ContextEntity>> = {
  contacts: {
    fields: {
      email: field('string'),
      status: field('enum', { values: ['lead', 'prospect', 'customer'] }),
      owner_id: field('uuid'),
      amount: field('integer'),
      price: field('decimal'),
      ratio: field('float'),
      tags: field('string', { list: true }),
      meta: field('json'),
      born: field('date'),
      created_at: field('timestamp'),
      period: field('date_range'),
      full_name: field('text', { computed: { stored: false } }),
      domain: field('text', { computed: { stored: true } }),
    },
    relations: { company: { kind: 'one', entity: 'companies' }, members: { kind: 'many', entity: 'members' } },
  },
  companies: { fields: { name: field('string'), owner_id: field('uuid') }, relations: {} },
  members: {
    fields: { user_id: field('string') },
    relations: { contact: { kind: 'one', entity: 'contacts' } },
  },
}

function compile(source: string, use: ExpressionUse = 'row_rule', rest: Partial<ExpressionContext> = {}) {
  return compileExpression(source, { entities, entity: use === 'default' ? null : 'contacts', use, ...rest })
}

function problemOf(compiling: () => unknown): ExpressionProblem {
  try {
    compiling()
  } catch (error) {
    if (error instanceof ExpressionProblem) return error
    throw error
  }
  throw new Error('it compiles')
}

test('a problem says its place, what was expected and found, and the nearest name', () => {
  const problem = problemOf(() => compile("status == 'lead' &&\n  self.stauts != null"))
  expect(problem).toMatchObject({ code: 'UNKNOWN_FIELD', line: 2, column: 8, offset: 27, status: 422 })
  expect(problem.message).toBe('`contacts` has no field `stauts`')
  expect(problem.hint).toBe('did you mean `status`?')
})

test.each([
  // Syntax.
  ['', 'EXPRESSION_SYNTAX', '1:1', 'expected a value, found the end', null],
  ['amount +', 'EXPRESSION_SYNTAX', '1:9', 'expected a value after `+`, found the end', null],
  ['amount = 1', 'EXPRESSION_SYNTAX', '1:8', '`=` means nothing here', 'write `==` to compare'],
  ["'abc", 'EXPRESSION_SYNTAX', '1:1', 'the text that begins here does not end', null],
  ["'''a", 'EXPRESSION_SYNTAX', '1:1', 'the text that begins here does not end', null],
  [
    "'a\\qb'",
    'EXPRESSION_SYNTAX',
    '1:3',
    '`\\q` is no escape',
    'write `\\\\` for a backslash, or `r"…"` for a text without escapes',
  ],
  ["'\\x00'", 'EXPRESSION_SYNTAX', '1:2', 'a text may not hold the character NUL', null],
  ['(amount == 1', 'EXPRESSION_SYNTAX', '1:13', 'expected `)` for the bracket at column 1, found the end', null],
  ['amount == 1)', 'EXPRESSION_SYNTAX', '1:12', 'expected an operator or the end after `1`, found `)`', null],
  ['size(tags', 'EXPRESSION_SYNTAX', '1:10', 'expected `)` for the bracket at column 5, found the end', null],
  ['[1, 2)', 'EXPRESSION_SYNTAX', '1:6', 'expected an operator, `,` or `]` after `2`, found `)`', null],
  [
    "email == 'a' and amount == 1",
    'EXPRESSION_SYNTAX',
    '1:14',
    "expected an operator or the end after `'a'`, found `and`",
    'write `&&`',
  ],
  ['amount == 1 ? true', 'EXPRESSION_SYNTAX', '1:19', 'expected `:` and a value, found the end', null],
  [
    'amount == 1 ? amount == 2 ? 1 : 2 : 3',
    'EXPRESSION_SYNTAX',
    '1:27',
    'a `?:` inside another one stands in parentheses',
    null,
  ],
  ["{'a': 1}", 'EXPRESSION_SYNTAX', '1:1', 'expected a value, found `{`', 'objects are no part of the language'],
  [
    'self.if == 1 && in',
    'EXPRESSION_SYNTAX',
    '1:17',
    'expected a value after `&&`, found the reserved word `in`',
    null,
  ],
  ['1abc', 'EXPRESSION_SYNTAX', '1:1', '`1abc` is neither a number nor a name', null],
  ['amount == ２', 'EXPRESSION_SYNTAX', '1:11', '`２` means nothing here', null],
  ['!  !(amount == 1)', 'EXPRESSION_SYNTAX', '1:4', 'this cannot be read as CEL', 'take it apart with parentheses'],
  // Names.
  ['stauts == null', 'UNKNOWN_NAME', '1:1', 'there is no `stauts` here', 'did you mean `status`?'],
  ['constructor == null', 'UNKNOWN_NAME', '1:1', 'there is no `constructor` here', null],
  ['self.__proto__ == null', 'UNKNOWN_FIELD', '1:6', '`contacts` has no field `__proto__`', null],
  ['current_user.nam == null', 'UNKNOWN_FIELD', '1:14', '`current_user` has no `nam`', 'it has id, kind, roles, email'],
  ['company.nmae == null', 'UNKNOWN_FIELD', '1:9', '`companies` has no field `nmae`', 'did you mean `name`?'],
  [
    'members.exists(m, m.contact.email == null)',
    'NOT_ALLOWED',
    '1:21',
    '`contact` is a relation of `members`, a second step',
    'an expression goes one step from its own row',
  ],
  [
    'company == null',
    'NOT_A_VALUE',
    '1:1',
    '`company` is a relation',
    'name one of its fields, such as `company.name`',
  ],
  [
    'members.user_id == null',
    'NOT_A_VALUE',
    '1:1',
    '`members` is a relation to many rows',
    'ask `members.exists(x, …)` or `members.all(x, …)`',
  ],
  ['self == null', 'NOT_A_VALUE', '1:1', '`self` is a row', 'name one of its fields, such as `self.email`'],
  [
    'tags.exists(self, true)',
    'NAME_TAKEN',
    '1:6',
    '`self` means something here already',
    'choose another name, such as `x`',
  ],
  // Types.
  ["amount == 'a'", 'TYPE_MISMATCH', '1:8', '`==` does not go with int and string', null],
  ['status && email', 'TYPE_MISMATCH', '1:1', '`&&` takes bool, found string', 'compare it with something'],
  ['meta.flag && amount == 1', 'TYPE_MISMATCH', '1:6', '`&&` takes bool, found json', 'write `bool(…)` around it'],
  [
    'email + amount',
    'TYPE_MISMATCH',
    '1:7',
    '`+` does not go with string and int',
    'write `string(…)` around the other',
  ],
  [
    'meta.a + 1',
    'TYPE_MISMATCH',
    '1:8',
    '`+` does not go with json and int',
    'say what the JSON holds: `int(…)`, `decimal(…)`, `string(…)`',
  ],
  [
    'amount < null',
    'TYPE_MISMATCH',
    '1:8',
    '`<` does not go with int and null',
    'test for null with `== null` or `!= null`',
  ],
  ['period == period', 'TYPE_MISMATCH', '1:8', '`==` does not go with range and range', null],
  ['owner_id in current_user.roles', 'TYPE_MISMATCH', '1:10', '`in` does not go with uuid and list(string)', null],
  ["amount in ['a']", 'TYPE_MISMATCH', '1:8', '`in` does not go with int and list(string)', null],
  ["[1, 'a']", 'TYPE_MISMATCH', '1:5', 'a list holds values of one type, found int and string', null],
  [
    'email[0]',
    'TYPE_MISMATCH',
    '1:6',
    '`[…]` takes a list or json, found string',
    'write `text.charAt(0)` or `text.substring(0, 1)`',
  ],
  ['tags[amount]', 'NOT_A_LITERAL', '1:6', 'an index is a whole number, written as it is', null],
  ['tags[-1]', 'BAD_LITERAL', '1:6', 'an index counts from 0', 'there is no counting from the end'],
  [
    'meta.list.exists(x, true)',
    'TYPE_MISMATCH',
    '1:11',
    '`exists` goes over a list or a relation, found json',
    'lists in JSON cannot be asked; make it a field with `list: true`',
  ],
  // Literals.
  ["status == 'leed'", 'UNKNOWN_VALUE', '1:11', "'leed' is no value of this enum", 'did you mean `lead`?'],
  [
    "status in ['lead', 'x']",
    'UNKNOWN_VALUE',
    '1:11',
    "'x' is no value of this enum",
    'it is one of lead, prospect, customer',
  ],
  [
    "owner_id == 'abc'",
    'BAD_LITERAL',
    '1:13',
    "expected a uuid such as `018f0000-0000-7000-8000-000000000001`, found 'abc'",
    null,
  ],
  ["born < '2026-02-30'", 'BAD_LITERAL', '1:8', "expected a date such as `2026-01-31`, found '2026-02-30'", null],
  [
    "created_at < '2026-01-31'",
    'BAD_LITERAL',
    '1:14',
    "expected a timestamp such as `2026-01-31T17:30:00Z`, found '2026-01-31'",
    null,
  ],
  [
    'amount == 9223372036854775808',
    'BAD_LITERAL',
    '1:11',
    'an int has 64 bits, this one needs more',
    'write it with a decimal point, `1.0`, for an exact number of any size',
  ],
  ['amount == 1u', 'BAD_LITERAL', '1:11', 'there are no unsigned numbers', 'leave out the `u`'],
  ['amount / 0 > 1', 'ALWAYS_FAILS', '1:8', 'this always fails: division by zero', null],
  [
    '9223372036854775807 + 1 > amount',
    'ALWAYS_FAILS',
    '1:21',
    'this always fails: a number, date or timestamp is out of range',
    null,
  ],
  // Functions.
  [
    'lower(email)',
    'UNKNOWN_FUNCTION',
    '1:1',
    'there is no function `lower`',
    'write `text.lowerAscii()`: other letters have no lower case that is the same everywhere',
  ],
  ["email.startWith('a')", 'UNKNOWN_FUNCTION', '1:7', 'there is no function `startWith`', 'did you mean `startsWith`?'],
  ['tags.map(t, t)', 'UNKNOWN_FUNCTION', '1:6', 'there is no `map`', 'ask with `exists`, `all` or `exists_one`'],
  [
    'tags.exists(t)',
    'WRONG_ARGUMENTS',
    '1:6',
    '`exists` takes a name and a condition',
    'write `list.exists(x, condition of x)`',
  ],
  ['contains(email)', 'UNKNOWN_FUNCTION', '1:1', '`contains` follows a value', 'write `value.contains(…)`'],
  ['abs(amount)', 'UNKNOWN_FUNCTION', '1:1', 'there is no function `abs`', 'write `math.abs(…)`'],
  ['email.contains(1)', 'TYPE_MISMATCH', '1:16', '`contains` takes string, found int', null],
  ['email.split(email)', 'NOT_A_LITERAL', '1:13', '`split` takes a text, written as it is', null],
  [
    'string(ratio)',
    'TYPE_MISMATCH',
    '1:1',
    '`string` takes string, int, decimal, bool, uuid, date, time, timestamp, json, found double',
    'write `string(decimal(…))`',
  ],
  [
    "email.matches('a')",
    'NOT_ALLOWED',
    '1:7',
    'a row rule cannot use `matches`',
    'write `contains`, `startsWith` or `endsWith`, or give the field a `pattern`',
  ],
] as const)('%s → %s at %s', (source, code, place, message, hint) => {
  const problem = problemOf(() => compile(source))
  expect({
    code: problem.code,
    place: `${problem.line}:${problem.column}`,
    message: problem.message,
    hint: problem.hint,
  }).toEqual({
    ...{ code, place, message, hint },
  })
})

const USES: readonly ExpressionUse[] = ['row_rule', 'check', 'computed', 'stored', 'default', 'condition', 'cohort']

test.each<[string, readonly ExpressionUse[]]>([
  ["self.status == 'lead'", ['row_rule', 'check', 'computed', 'stored', 'condition', 'cohort']],
  ["status == 'lead'", ['row_rule', 'check', 'computed', 'stored', 'condition', 'cohort']],
  ['current_user.id == tenant.id', ['row_rule', 'check', 'default', 'condition']],
  ["company.name == 'a'", ['row_rule', 'check', 'computed']],
  ["members.exists(m, m.user_id == 'a')", ['row_rule', 'check']],
  ['now() == null', ['row_rule', 'check', 'computed', 'default', 'condition']],
  ["input.email == 'a'", ['check', 'condition']],
  ["changed('email')", ['condition']],
  ["email.matches('^a+$')", ['condition', 'cohort']],
  ['domain == null', ['row_rule', 'check', 'computed', 'stored', 'condition', 'cohort']],
  ['full_name == null', ['row_rule', 'check', 'computed', 'condition', 'cohort']],
])('%s is for %j alone', (source, allowed) => {
  const found = USES.filter((use) => {
    try {
      return compile(source, use)
    } catch (error) {
      expect(error).toBeInstanceOf(ExpressionProblem)
      expect((error as ExpressionProblem).code).toMatch(/^(NOT_ALLOWED|UNKNOWN_NAME)$/)
      return false
    }
  })
  expect(found).toEqual(allowed)
})

test.each<[string, ExpressionType]>([
  ['amount + 1', 'int'],
  ['amount + 1.5', 'decimal'],
  ['ratio + 1.5', 'double'],
  ['amount / 2', 'int'],
  ["email + 'a'", 'string'],
  ['created_at - created_at', 'duration'],
  ["created_at + duration('1h')", 'timestamp'],
  ['coalesce(null, amount, 1.5)', 'decimal'],
  ["amount > 0 ? null : 'a'", 'string'],
  ["email.split('@')", 'list(string)'],
  ["email.split('@')[1]", 'string'],
  ['meta.a.b', 'json'],
  ['coalesce(meta.a, 1)', 'decimal'],
  ['[1, 1.5]', 'list(decimal)'],
  ['today()', 'date'],
  ['created_at.getFullYear()', 'int'],
])('%s is of type %s', (source, type) => {
  expect(compile(source).type).toBe(type)
})

test.each<[string, ExpressionType, ExpressionType | string]>([
  ['current_user.id', 'uuid', 'uuid'],
  ['1', 'decimal', 'decimal'],
  ["'2026-01-31'", 'date', 'date'],
  ['null', 'string', 'string'],
  ["['a', 'b']", 'list(string)', 'list(string)'],
  ['[]', 'list(uuid)', 'list(uuid)'],
  ["'a'", 'json', 'json'],
  ['1.5', 'int', 'a default comes to int here, found decimal (write `int(…)` around it)'],
  ['current_user.id', 'bool', 'a default comes to bool here, found string (compare it with something)'],
  ["'x'", 'uuid', "expected a uuid such as `018f0000-0000-7000-8000-000000000001`, found 'x' (null)"],
])('a default %s where %s is expected', (source, expects, outcome) => {
  const compiling = (): string => compile(source, 'default', { expects }).type
  if (outcome === expects) expect(compiling()).toBe(outcome)
  else {
    const problem = problemOf(compiling)
    expect(`${problem.message} (${problem.hint})`).toBe(outcome)
  }
})

test('a default of an enum is one of its values', () => {
  const problem = problemOf(() => compile("'leed'", 'default', { expects: 'string', values: ['lead'] }))
  expect(problem.code).toBe('UNKNOWN_VALUE')
})

test('what it reads is told with the entity, each field once', () => {
  const source = "status == 'lead' || self.status == company.name || members.exists(m, m.user_id == email)"
  expect(compile(source).reads).toEqual([
    { entity: 'contacts', field: 'status' },
    { entity: 'companies', field: 'name' },
    { entity: 'members', field: 'user_id' },
    { entity: 'contacts', field: 'email' },
  ])
})

test('a relation is not asked inside another one, whose rows would be counted with it', () => {
  const problem = problemOf(() => compile('members.exists(m, members.exists(n, n.user_id == m.user_id))'))
  expect(problem).toMatchObject({
    code: 'NOT_ALLOWED',
    column: 27,
    hint: 'an expression goes one step from its own row',
  })
})

test('a decimal keeps the digits that its author wrote', () => {
  const { tree } = compile('price > -12345678901234567890.10')
  expect(tree).toMatchObject({ args: [{}, { node: 'literal', type: 'decimal', text: '-12345678901234567890.1' }] })
})

test('a compiled expression is plain data', () => {
  const compiled = compile("members.exists(m, m.user_id == current_user.id) && status in ['lead']")
  expect(JSON.parse(JSON.stringify(compiled))).toEqual(compiled)
})

test('constants are worked out where they are written', () => {
  expect(compile("duration('P1D') + duration('1h')").tree).toEqual({
    ...{ node: 'literal', type: 'duration', text: '0 mons 1 days 01:00:00.000000' },
  })
  expect(compile("true || status == 'lead'").tree).toEqual({ node: 'literal', type: 'bool', text: 'true' })
  expect(compile("false || status == 'lead'").tree).toMatchObject({ call: '==' })
})

test('a name in the schema wins over a function of that name, and an inherited one is none', () => {
  const fields = { math: field('json'), now: field('integer') }
  const context: ExpressionContext = { entities: { a: { fields, relations: {} } }, entity: 'a', use: 'row_rule' }
  expect(compileExpression('math.abs', context).type).toBe('json')
  expect(compileExpression('now == 1 && now() != null', context).type).toBe('bool')
  expect(problemOf(() => compileExpression('toString == null', context)).code).toBe('UNKNOWN_NAME')
})
