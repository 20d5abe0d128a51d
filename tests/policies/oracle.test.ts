/** The judge, judged: small cases whose answers are plain. */
import { expect, test } from 'vitest'
import { compare } from './compare.ts'
import type { Caller } from './evaluate.ts'
import type { Expression } from './expression.ts'
import { expectedOf } from './oracle.ts'
import type { Query } from './query.ts'
import type { Action, Rule, RuleSet } from './rules.ts'
import type { Setting } from './sight.ts'
import type { Step } from './steps.ts'
import type { Row } from './world.ts'

const ANN = '018f0000-0000-7000-8000-000000000001'
const BOB = '018f0000-0000-7000-8000-000000000002'
const mine: Expression = {
  is: 'compare',
  operator: '==',
  a: { is: 'field', field: 'owner_uid' },
  b: { is: 'caller', part: 'id' },
}
const big: Expression = {
  is: 'compare',
  operator: '>',
  a: { is: 'field', field: 'size' },
  b: { is: 'literal', value: 2 },
}
const COMPANIES: readonly Row[] = [
  { code: 'A', name: 'ash', size: 1, owner_uid: ANN, created_by: null },
  { code: 'B', name: 'elm', size: 3, owner_uid: BOB, created_by: null },
  { code: 'C', name: 'oak', size: null, owner_uid: null, created_by: null },
]

function rule(role: string, action: Action, more: Partial<Rule> = {}): Rule {
  return { role, entity: 'companies', action, effect: 'allow', ...more }
}

function setting(rules: readonly Rule[], roles: readonly string[] = ['one']): Setting {
  const set: RuleSet = { roles: { one: [], two: [], heir: ['one'] }, ruled: ['companies'], rules }
  const caller: Caller = { id: ANN, kind: 'user', roles }
  const tables = { companies: COMPANIES, people: [], projects: [], members: [] }
  return { set, caller, tables, tenant: { id: 'x', slug: 'acme' } }
}

const ALL: Query = { entity: 'companies', select: [{ is: 'all' }], where: [], order: [], limit: null, offset: 0 }

/** The rows that are read, or the status of the refusal. */
function read(of: Setting, query: Query = ALL): unknown {
  const [expected] = expectedOf(of, { is: 'read', query, count: false, head: false })
  return expected?.is === 'rows' ? expected.rows.flat() : expected?.status
}

function update(of: Setting, change: Row): unknown {
  const step: Step = { is: 'update', entity: 'companies', returning: null, undo: false, where: [], key: null, change }
  const [expected] = expectedOf(of, step)
  return expected?.is === 'done' ? expected.tables.companies.map(({ name, size }) => [name, size]) : expected?.status
}

test('what no rule allows is refused, what a rule allows of an inherited role is not', () => {
  const rules = [rule('one', 'read', { fields: ['code'] })]
  expect(read(setting(rules, []))).toBe(403)
  expect(read(setting(rules, ['ghost', 'two']))).toBe(403)
  expect(read(setting(rules, ['heir']))).toEqual([{ code: 'A' }, { code: 'B' }, { code: 'C' }])
})

test('a field shows on the rows of a rule that grants it, and nowhere else', () => {
  const rules = [
    rule('one', 'read', { fields: ['code'] }),
    rule('two', 'read', { where: mine, fields: ['code', 'name'] }),
  ]
  expect(read(setting(rules, ['one', 'two']))).toEqual([
    { code: 'A', name: 'ash' },
    { code: 'B', name: null },
    { code: 'C', name: null },
  ])
})

test('null neither allows nor lets a deny pass', () => {
  expect(read(setting([rule('one', 'read', { where: big, fields: ['code'] })]))).toEqual([{ code: 'B' }])
  const denied = rule('two', 'read', { effect: 'deny', where: big })
  const rules = [rule('one', 'read', { fields: ['code'] }), denied]
  expect(read(setting(rules, ['one', 'two']))).toEqual([{ code: 'A' }])
})

test('a computed field shows where its parts do', () => {
  const hidden = rule('one', 'read', { effect: 'deny', where: mine, fields: ['name'] })
  const rows = read(setting([rule('one', 'read', { fields: ['code', 'name', 'badge'] }), hidden]))
  expect(rows).toEqual([
    { code: 'A', name: null, badge: null },
    { code: 'B', name: 'elm', badge: 'elm/B' },
    // Whose it is cannot be told.
    { code: 'C', name: null, badge: null },
  ])
})

test('a field that can never be seen is unknown', () => {
  const rules = [rule('one', 'read', { fields: ['code'] })]
  const query: Query = { ...ALL, order: [{ spot: { field: 'name' }, down: false, nulls: null }] }
  expect(read(setting(rules), query)).toBe(400)
})

test('an update changes what it may, and is undone where a row may not become so', () => {
  const rules = [rule('one', 'read'), rule('one', 'update', { where: mine, fields: ['name', 'size'] })]
  expect(update(setting(rules), { name: 'fir' })).toEqual([
    ['fir', 1],
    ['elm', 3],
    ['oak', null],
  ])
  expect(update(setting(rules), { owner_uid: BOB })).toBe(422)
  const checked = [rule('one', 'read'), rule('one', 'update', { fields: ['size'], check: big })]
  expect(update(setting(checked), { size: 2 })).toBe(403)
  expect(update(setting(checked), { size: 4 })).toEqual([
    ['ash', 4],
    ['elm', 4],
    ['oak', 4],
  ])
})

test('an answer is held to its order, its rows and its count', () => {
  const expected = expectedOf(setting([rule('one', 'read', { fields: ['code'] })]), {
    is: 'read',
    query: { ...ALL, order: [{ spot: { field: 'code' }, down: true, nulls: null }] },
    count: true,
    head: false,
  })
  const verdict = (body: unknown, range = '0-2/3'): boolean => {
    const headers = new Headers({ 'content-range': range })
    return 'right' in compare(expected, { status: 200, body, text: JSON.stringify(body), headers })
  }
  const rows = [{ code: 'C' }, { code: 'B' }, { code: 'A' }]
  expect(verdict(rows)).toBe(true)
  expect(verdict(rows.toReversed())).toBe(false)
  expect(verdict(rows, '0-2/4')).toBe(false)
  expect(verdict(rows.slice(1))).toBe(false)
  expect(verdict(rows.map((row) => ({ ...row, name: null })))).toBe(false)
})
