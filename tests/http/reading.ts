/** Choosing columns, order, pages and counts; one row as an object. */
import { beforeAll, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import type { Lend } from '../fixture/lend.ts'

const SINGULAR = { accept: 'application/vnd.pgrst.object+json' }
const EXACT = { prefer: 'count=exact' }

export function reading(lend: Lend): void {
  let caller: Caller
  beforeAll(async () => {
    caller = await lend().newTenant()
    await caller.add('companies', [
      { name: 'Alpha', revenue: '10.50', website: 'https://alpha.example' },
      { name: 'Beta', revenue: null, website: null },
      { name: 'Gamma', revenue: '7.00', website: null },
      { name: 'Delta', revenue: '10.50', website: null },
      { name: 'Épsilon', revenue: '99.99', website: null },
    ])
  })
  const names = async (path: string): Promise<unknown[]> => (await caller.get(path)).rows.map((row) => row.name)

  test('a list is 200, JSON, and says its range', async () => {
    const answer = await caller.get('/companies?select=name')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(answer.headers.get('content-range')).toBe('0-4/*')
    expect(answer.rows).toHaveLength(5)
    expect(Object.keys(answer.rows[0] ?? {})).toEqual(['name'])
  })

  test('without select, and with *, a row has every field in the order of the schema and nothing else', async () => {
    const fields = ['id', 'name', 'website', 'revenue', 'founded', 'created_at', 'updated_at', 'created_by', 'revision']
    for (const path of ['/companies', '/companies?select=*']) {
      const [row] = (await caller.get(path)).rows
      expect(Object.keys(row ?? {}).sort()).toEqual([...fields].sort())
    }
  })

  test('columns come in the order asked for, under the alias asked for', async () => {
    const answer = await caller.get('/companies?select=worth:revenue,name&name=eq.Alpha')
    expect(answer.text).toMatch(/^\[\{"worth":\s?10\.50,\s*"name":\s?"Alpha"\}\]$/)
  })

  test.each([
    ['name.asc', ['Alpha', 'Beta', 'Delta', 'Gamma', 'Épsilon'].sort()],
    ['name.desc', ['Alpha', 'Beta', 'Delta', 'Gamma', 'Épsilon'].sort().reverse()],
  ])('order=%s', async (order, expected) => {
    const got = await names(`/companies?select=name&order=${order}&name=neq.Épsilon`)
    expect(got).toEqual(expected.filter((name) => name !== 'Épsilon'))
  })

  test.each([
    ['revenue.asc,name.asc', ['Gamma', 'Alpha', 'Delta', 'Épsilon', 'Beta']],
    ['revenue.asc.nullsfirst,name.asc', ['Beta', 'Gamma', 'Alpha', 'Delta', 'Épsilon']],
    ['revenue.desc,name.asc', ['Beta', 'Épsilon', 'Alpha', 'Delta', 'Gamma']],
    ['revenue.desc.nullslast,name.desc', ['Épsilon', 'Delta', 'Alpha', 'Gamma', 'Beta']],
    ['revenue.nullsfirst,name', ['Beta', 'Gamma', 'Alpha', 'Delta', 'Épsilon']],
  ])('order=%s puts nulls where it says', async (order, expected) => {
    expect(await names(`/companies?select=name&order=${order}`)).toEqual(expected)
  })

  test('order by a column that is not selected', async () => {
    expect(await names('/companies?select=name&order=revenue.desc.nullslast&limit=1')).toEqual(['Épsilon'])
  })

  test('limit and offset', async () => {
    const answer = await caller.get('/companies?select=name&order=name&limit=2&offset=1')
    expect(answer.status).toBe(200)
    expect(answer.rows.map((row) => row.name)).toEqual(['Beta', 'Delta'])
    expect(answer.headers.get('content-range')).toBe('1-2/*')
  })

  test('limit=0 is an empty list', async () => {
    const answer = await caller.get('/companies?limit=0')
    expect([answer.status, answer.body, answer.headers.get('content-range')]).toEqual([200, [], '*/*'])
  })

  test.each([
    ['?order=name', 200, '0-4/5', 5],
    ['?order=name&limit=2', 206, '0-1/5', 2],
    ['?order=name&limit=2&offset=4', 206, '4-4/5', 1],
    ['?name=eq.Nobody', 200, '*/0', 0],
    ['?revenue=eq.10.5&limit=1', 206, '0-0/2', 1],
  ])('count=exact: %s is %i %s', async (query, status, range, rows) => {
    const answer = await caller.get(`/companies${query}`, EXACT)
    expect([answer.status, answer.headers.get('content-range'), answer.rows.length]).toEqual([status, range, rows])
    expect(answer.headers.get('preference-applied')).toContain('count=exact')
  })

  test('an offset beyond the end is 416 where the end is known, and empty where not', async () => {
    const counted = await caller.get('/companies?offset=10', EXACT)
    expect(counted.status).toBe(416)
    expect(counted.row).toMatchObject({ code: 'PGRST103', message: 'Requested range not satisfiable' })
    expect(counted.headers.get('content-range')).toBe('*/5')
    expect((await caller.get('/companies?offset=10')).body).toEqual([])
  })

  test('HEAD has the headers and no body', async () => {
    const answer = await caller.send('HEAD', '/companies?limit=2', undefined, EXACT)
    expect([answer.status, answer.text, answer.headers.get('content-range')]).toEqual([206, '', '0-1/5'])
  })

  test('one row as an object', async () => {
    const answer = await caller.get('/companies?select=name&name=eq.Alpha', SINGULAR)
    expect([answer.status, answer.body]).toEqual([200, { name: 'Alpha' }])
    expect(answer.headers.get('content-type')).toContain('application/vnd.pgrst.object+json')
  })

  test.each([
    ['none', '?name=eq.Nobody', '0 rows'],
    ['several', '?revenue=eq.10.5', '2 rows'],
  ])('one row asked for, %s found: PGRST116', async (_, query, count) => {
    const answer = await caller.get(`/companies${query}`, SINGULAR)
    expect(answer.status).toBe(406)
    expect(answer.row).toMatchObject({ code: 'PGRST116', details: `The result contains ${count}` })
  })

  test('the tenant can stand in the path', async () => {
    const response = await lend().fetch(`${caller.restPath}/companies?select=name&name=eq.Beta`, {
      headers: { authorization: `Bearer ${caller.key}` },
    })
    expect(await response.json()).toEqual([{ name: 'Beta' }])
  })

  test('another schema of the tenant by Accept-Profile', async () => {
    const answer = await caller.get('/things?select=label', { 'accept-profile': 'everything' })
    expect([answer.status, answer.body]).toEqual([200, []])
    expect(answer.headers.get('content-profile')).toBe('everything')
    const unknown = await caller.get('/things', { 'accept-profile': 'nothing' })
    expect([unknown.status, unknown.row.code]).toEqual([406, 'PGRST106'])
  })

  test('health needs no key', async () => {
    expect((await lend().fetch('/healthz')).status).toBe(200)
  })
}
