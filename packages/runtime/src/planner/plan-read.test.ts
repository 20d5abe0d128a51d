import { type Operation, uuidv7 } from '@backsaas/core'
import { expect, test } from 'vitest'
import { fixtureSchema } from '../../test/bound-fixture.ts'
import { DEFAULT_LIMITS } from '../http/limits.ts'
import { parse } from '../stages/parse.ts'
import { plan } from '../stages/plan.ts'
import { shapeOf } from './shape.ts'

const schema = fixtureSchema()
const tenant = uuidv7()

function operation(path: string, prefer = ''): Operation {
  const url = new URL(`http://x/${path}`)
  const [entity = '', itemKey = null] = url.pathname.slice(1).split('/')
  const request = { method: 'GET', headers: new Headers({ prefer }), query: url.search.slice(1), body: '' }
  return parse({ ...request, entity, itemKey, schema: schema.compiled, limits: DEFAULT_LIMITS }, null).operation
}

function statement(path: string, prefer = '') {
  const [only, ...more] = plan(schema, operation(path, prefer), tenant, null)
  expect(more).toEqual([])
  if (!only) throw new Error('nothing planned')
  return only
}

/** What stands at the top level of a statement: everything inside parentheses is cut out. */
function topLevel(text: string): string {
  let depth = 0
  let top = ''
  for (const char of text) {
    if (char === '(') depth++
    if (depth === 0) top += char
    if (char === ')') depth--
  }
  return top.replaceAll(/\s+/g, ' ')
}

const ONE_SHAPE = /^select as \w+(?:, as \w+)* from backsaas\.enter as x$/

const READS = [
  'contacts',
  'contacts?select=email,company(name,contacts(email)),notes(count),tags(label)&company.name=eq.x&notes.order=body&limit=2&offset=1',
  'contacts?select=status,count(),...company(name)&or=(age.gt.1,age.is.null)',
  'companies?select=name,contacts!inner(email)&contacts.age=gt.1',
  'contacts?select=id,company()&company=not.is.null&order=company(name).desc',
]

test.each(READS)('%s has the one tested shape', (path) => {
  for (const prefer of ['', 'count=exact']) {
    const top = topLevel(statement(path, prefer).text)
    expect(top).toMatch(ONE_SHAPE)
  }
  expect(topLevel(statement('contacts/a').text)).toMatch(ONE_SHAPE)
})

test('every table that is read is bound to the tenant', () => {
  for (const path of READS) {
    const { text } = statement(path, 'count=exact')
    const tables = text.match(/"bs_test"\."\w+" (\w+)/g) ?? []
    for (const table of tables) expect(text).toContain(`${table.split(' ')[1]}."tenant_id" = x.tenant`)
  }
})

test('values are parameters and never text', () => {
  const { text, params } = statement(`contacts?email=eq.o'hara&select=email&meta->>a=in.(x,"y'")`)
  expect(text).not.toContain('hara')
  expect(text).not.toContain("y'")
  expect(params).toContain("o'hara")
})

test('operations that differ in values only share their statement, others do not', () => {
  const same = ['contacts?age=eq.1', 'contacts?age=eq.2'].map((path) => shapeOf(operation(path)))
  expect(same[0]).toBe(same[1])
  const different = [
    'contacts?age=eq.1',
    'contacts?age=neq.1',
    'contacts?age=not.eq.1',
    'contacts?age=is.null',
    'contacts?select=age&age=eq.1',
    'contacts?select=a:age&age=eq.1',
    'contacts?meta->a=eq.1',
    'contacts?meta->>a=eq.1',
    'contacts?meta->0=eq.1',
    'contacts?age=eq(any).{1}',
    'contacts?age=eq.1&limit=1&offset=2',
    'contacts?email=fts.a',
    'contacts?email=fts(english).a',
  ]
  expect(new Set(different.map((path) => shapeOf(operation(path)))).size).toBe(different.length)
})

test('JSON keys cannot leave their quotes', () => {
  expect(statement(`contacts?select=meta->"a'b"`).text).toContain(`->'a''b'`)
})

test('what an equality of all rows decides is embedded once, and nothing else is', () => {
  const tied = (query: string) =>
    /"companies_t" e1 where e1\."tenant_id" = x\.tenant and e1\."id_p" = (\S+) /.exec(
      statement(`contacts?select=email,company(name)&${query}`).text,
    )?.[1]
  expect(tied('company_id=eq.7')).toBe('$1')
  for (const query of [
    'company_id=neq.7',
    'company_id=not.eq.7',
    'or=(company_id.eq.7,age.is.null)',
    'company_id=in.(7)',
  ])
    expect(tied(query)).toBe('t."company_id_p"')
})
