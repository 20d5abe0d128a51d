import { expect, test } from 'vitest'
import { fixtureSchema } from '../../test/bound-fixture.ts'
import { DEFAULT_LIMITS } from '../http/limits.ts'
import { buildQuery } from './build-query.ts'
import { collectParams } from './params.ts'
import { splitQuery } from './split-query.ts'

const schema = fixtureSchema().compiled

function build(search: string, entityName = 'contacts') {
  const params = collectParams()
  const entity = schema.entities[entityName]
  if (!entity) throw new Error(entityName)
  return {
    query: buildQuery(splitQuery(new URLSearchParams(search)), entity, { schema, params, limits: DEFAULT_LIMITS }),
    values: params.values,
  }
}

test('logic trees keep their nesting and quoted values', () => {
  const { query, values } = build('or=(age.lt.18,not.and(email.eq."a,b)",status.in.(lead,customer)))')
  expect(query.where).toMatchObject([
    {
      kind: 'or',
      not: false,
      conditions: [
        { operator: 'lt' },
        { kind: 'and', not: true, conditions: [{ operator: 'eq' }, { operator: 'in' }] },
      ],
    },
  ])
  expect(values).toEqual(['18', 'a,b)', '{"lead","customer"}'])
})

test('filters, order and limit go to the embed that they name', () => {
  const { query } = build('select=email,notes(body)&notes.body=eq.x&notes.order=body.desc&notes.limit=2')
  expect(query.where).toEqual([])
  expect(query.select[1]).toMatchObject({
    kind: 'embed',
    query: { where: [{ operator: 'eq' }], order: [{ direction: 'desc' }] },
  })
})

test('a many-to-many goes through its junction', () => {
  expect(build('select=tags(label)').query.select).toMatchObject([
    { relation: { entity: 'contact_tags' }, through: { entity: 'tags' } },
  ])
})

test.each([
  ['select=nope', '42703'],
  ['nope=eq.1', '42703'],
  ['__proto__=eq.1', '42703'],
  ['constructor=eq.1', '42703'],
  ['select=nope(x)', 'PGRST200'],
  ['select=constructor(x)', 'PGRST200'],
  ['notes.body=eq.x', 'PGRST108'],
  ['email->a=eq.1', '42703'],
  ['order=email.up', 'PGRST100'],
  ['select=id,company(id),company(name)', 'PGRST100'],
  ['select=age::regclass', '42704'],
  ["email'=eq.1", 'PGRST100'],
  ['email=eq.%00', 'PGRST100'],
  ['select=company(contacts(company(contacts(company(contacts(id))))))', 'LIMIT_EXCEEDED'],
  [`and=(${Array.from({ length: 101 }, () => 'age.eq.1').join()})`, 'LIMIT_EXCEEDED'],
])('%s answers %s', (search, code) => {
  expect(() => build(search)).toThrow(expect.objectContaining({ code }))
})
