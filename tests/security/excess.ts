/** Endless pages, conditions, lists and embeds are capped or refused; functions and unbuilt exports are refused. */
import { beforeAll, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import type { Watched } from './watched.ts'

export function excess(lend: Watched): void {
  let caller: Caller
  beforeAll(async () => {
    caller = await lend().newTenant()
    for (let part = 0; part < 3; part++) {
      const bodies = Array.from({ length: 400 }, (_, index) => ({ name: `Company ${part * 400 + index}` }))
      expect((await caller.post('/companies', bodies)).status).toBe(201)
    }
  })

  test.each(['', '&limit=1000000000', '&limit=99999999999999999999'])(
    'a page never exceeds 1,000 rows: %s',
    async (query) => {
      const answer = await caller.get(`/companies?select=name${query}`)
      if (answer.status === 200) expect(answer.rows.length).toBe(1000)
      else expect(answer.status).toBe(400)
    },
  )

  test('an embed never exceeds 1,000 rows', async () => {
    const [contact] = await caller.add('contacts', [{ email: 'e@x.example', first_name: 'E' }])
    for (let part = 0; part < 3; part++) {
      const bodies = Array.from({ length: 400 }, () => ({ contact_id: contact?.id, body: 'n' }))
      expect((await caller.post('/notes', bodies)).status).toBe(201)
    }
    const answer = await caller.get('/contacts?select=notes(body)&email=eq.e@x.example')
    const notes = answer.rows[0]?.notes
    expect(Array.isArray(notes) ? notes.length : answer.text).toBeLessThanOrEqual(1000)
  })

  test('rows returned by a write are not cut off, and not endless', async () => {
    const answer = await caller.patch(
      '/companies?name=like.Company*',
      { founded: '2020-01-01' },
      { prefer: 'return=headers-only,count=exact' },
    )
    expect(answer.status).toBeLessThan(400)
    expect(answer.headers.get('content-range')).toMatch(/\/1200$/)
  })

  test('a deep offset is quick', async () => {
    const started = performance.now()
    const answer = await caller.get('/companies?select=name&offset=9223372036854775806')
    expect([200, 400]).toContain(answer.status)
    expect((await caller.get('/companies?select=name&offset=99999999999999999999999')).status).toBe(400)
    expect(performance.now() - started).toBeLessThan(1000)
  })

  test.each([
    ['500 branches of or', () => `/companies?or=(${Array.from({ length: 500 }, () => 'name.eq.x').join()})`],
    ['500 conditions', () => `/companies?${Array.from({ length: 500 }, () => 'name=eq.x').join('&')}`],
    ['2,000 values of in', () => `/companies?name=in.(${Array.from({ length: 2000 }, (_, i) => i).join()})`],
    ['deep parentheses', () => `/companies?and=(${'or('.repeat(400)}name.eq.x${')'.repeat(400)})`],
    ['embeds too deep', () => `/companies?select=${'contacts(company('.repeat(5)}name${'))'.repeat(5)}`],
  ])('%s are refused', async (_, path) => {
    const started = performance.now()
    const answer = await caller.get(path())
    expect(answer.status, answer.text).toBe(400)
    expect(performance.now() - started).toBeLessThan(200)
  })

  test('10,000 values of in are refused, by the list or by the length of the URL', async () => {
    const list = Array.from({ length: 10_000 }, (_, index) => index).join()
    expect([400, 414]).toContain((await caller.get(`/companies?name=in.(${list})`)).status)
  })

  test('leading wildcards answer in bounded time', async () => {
    const started = performance.now()
    const answer = await caller.get(`/companies?select=name&name=like.${'%25a'.repeat(200)}`)
    expect([200, 400]).toContain(answer.status)
    expect(performance.now() - started).toBeLessThan(5000)
  })

  test.each([
    '/companies?select=pg_sleep(10)',
    '/companies?select=name.pg_sleep()',
    '/companies?select=name::pg_sleep',
    '/companies?select=name::regclass',
    '/companies?name=pg_sleep.10',
    '/companies?order=pg_sleep(10)',
    '/rpc/pg_sleep?seconds=10',
    '/pg_sleep',
  ])('%s sleeps not', async (path) => {
    const started = performance.now()
    const answer = await caller.get(path)
    expect([400, 404], answer.text).toContain(answer.status)
    expect(performance.now() - started).toBeLessThan(500)
  })

  test('27: a cell that a spreadsheet would run is neutralised, a number is left alone', async () => {
    const evil = ['=1+1', '+1+1', '-1+1', '@SUM(A1)', '\t=1', '\r=1', '=HYPERLINK("http://x","y")', '=1\n,"=2"', '-']
    await caller.add(
      'contacts',
      evil.map((first_name, index) => ({ email: `csv${index}@x.example`, first_name, meta: '=1' })),
    )
    const answer = await caller.get('/contacts?select=first_name&email=like.csv*&order=email', { accept: 'text/csv' })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toContain('text/csv')
    const lines = answer.text.replaceAll('\n,"', ' ,"').split('\n').slice(1)
    expect(lines).toHaveLength(evil.length)
    for (const line of lines) expect(line).toMatch(/^"?'/)
    await caller.add('companies', [{ name: 'Number', revenue: '5' }])
    const number = await caller.get('/companies?select=revenue&name=eq.Number', { accept: 'text/csv' })
    expect(number.text.trim()).toBe('revenue\n5')
  })

  test('27: a header that a spreadsheet would run is neutralised or refused', async () => {
    const path = `/companies?select=${encodeURIComponent('"=1+1"')}:name&limit=1`
    const answer = await caller.get(path, { accept: 'text/csv' })
    expect([200, 400]).toContain(answer.status)
    if (answer.status === 200) expect(answer.text).not.toMatch(/^"?=/)
  })
}
