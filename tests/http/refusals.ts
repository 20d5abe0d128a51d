/** Requests that cannot be understood: the dialect's own codes, a hint, and nothing done. */
import { beforeAll, expect, test } from 'vitest'
import { readAnswer } from '../fixture/answer.ts'
import type { Caller } from '../fixture/caller.ts'
import type { Lend } from '../fixture/lend.ts'

/** A path, the status and the code. */
const READS: readonly (readonly [string, number, string])[] = [
  ['/contact', 404, 'PGRST205'],
  ['/Contacts', 404, 'PGRST205'],
  ['/contacts?select=emial', 400, '42703'],
  ['/contacts?emial=eq.x', 400, '42703'],
  ['/contacts?order=emial', 400, '42703'],
  ['/contacts?or=(emial.eq.x)', 400, '42703'],
  ['/contacts?tenant_id=not.is.null', 400, '42703'],
  ['/contacts?select=tenant_id', 400, '42703'],
  ['/contacts?order=tenant_id', 400, '42703'],
  ['/contacts?email=is_like.x', 400, 'PGRST100'],
  ['/contacts?email=x', 400, 'PGRST100'],
  ['/contacts?email=', 400, 'PGRST100'],
  ['/contacts?email=eq', 400, 'PGRST100'],
  ['/contacts?email=not.x', 400, 'PGRST100'],
  ['/contacts?email=is.maybe', 400, 'PGRST100'],
  ['/contacts?email=in.a,b', 400, 'PGRST100'],
  ['/contacts?email=in.(a,b', 400, 'PGRST100'],
  ['/contacts?or=(email.eq.a', 400, 'PGRST100'],
  ['/contacts?or=()', 400, 'PGRST100'],
  ['/contacts?or=email.eq.a', 400, 'PGRST100'],
  ['/contacts?and=(email)', 400, 'PGRST100'],
  ['/contacts?select=email,', 400, 'PGRST100'],
  ['/contacts?select=company(name', 400, 'PGRST100'],
  ['/contacts?select=company(name))', 400, 'PGRST100'],
  ['/contacts?order=email.sideways', 400, 'PGRST100'],
  ['/contacts?order=email.asc.nullsmiddle', 400, 'PGRST100'],
  ['/contacts?id=eq.nope', 400, '22P02'],
  ['/contacts?created_at=gt.nope', 400, '22007'],
  ['/orders?number=eq.1.5', 400, '22P02'],
  ['/orders?number=in.(1,x)', 400, '22P02'],
  ['/orders?number=like.1*', 404, '42883'],
  ['/companies?revenue=eq.ten', 400, '22P02'],
  ['/notes?pinned=eq.perhaps', 400, '22P02'],
  ['/contacts?limit=x', 400, ''],
  ['/contacts?limit=-1', 416, 'PGRST103'],
  ['/contacts?offset=x', 400, ''],
  ['/contacts?email=match.%5B', 400, '2201B'],
  ['/contacts?email=fts(klingon).x', 400, ''],
]

/** A body sent to /companies. */
const BODIES: readonly (readonly [string, string, number, string])[] = [
  ['no JSON', '{"name":', 400, 'PGRST102'],
  ['an empty body', '', 400, 'PGRST102'],
  ['text after the JSON', '{"name":"x"} {}', 400, 'PGRST102'],
  ['a number', '7', 400, 'PGRST102'],
  ['a string', '"x"', 400, 'PGRST102'],
  ['a list of numbers', '[1,2]', 400, 'PGRST102'],
  ['a list of lists', '[[{"name":"x"}]]', 400, 'PGRST102'],
  ['rows of different keys', '[{"name":"x"},{"name":"y","website":null}]', 400, 'PGRST102'],
  ['an unknown column', '{"name":"x","nmae":"y"}', 400, 'PGRST204'],
]

export function refusals(lend: Lend): void {
  let caller: Caller
  beforeAll(async () => {
    caller = await lend().newTenant()
  })
  const untouched = async (): Promise<void> => expect((await caller.get('/companies')).body).toEqual([])

  test.each(READS)('GET %s is %i %s', async (path, status, code) => {
    const answer = await caller.get(path)
    expect([answer.status, code ? answer.row.code : ''], answer.text).toEqual([status, code])
  })

  test.each(BODIES)('a body that is %s', async (_, body, status, code) => {
    const answer = await caller.post('/companies', body)
    expect([answer.status, answer.row.code], answer.text).toEqual([status, code])
    await untouched()
  })

  test('rows of different keys: the message says so', async () => {
    const answer = await caller.post('/companies', [{ name: 'x' }, { website: null }])
    expect(answer.row).toMatchObject({ code: 'PGRST102', message: 'All object keys must match' })
  })

  test('a near miss comes with a hint', async () => {
    expect((await caller.get('/contact')).row.hint).toContain('contacts')
    expect((await caller.get('/contacts?select=emial')).row.hint).toContain('email')
  })

  test('an unknown column of an update', async () => {
    const answer = await caller.patch('/companies?name=eq.x', { nmae: 'y' })
    expect([answer.status, answer.row.code]).toEqual([400, 'PGRST204'])
  })

  test('a body over the limit is 413', async () => {
    const answer = await caller.post('/companies', { name: 'x', website: 'y'.repeat(1_100_000) })
    expect(answer.status).toBe(413)
    await untouched()
  })

  test('a body over the limit, of no declared length, is 413', async () => {
    const chunk = new TextEncoder().encode(' '.repeat(100_000))
    let sent = 0
    const body = new ReadableStream({
      pull: (controller) => (sent++ < 20 ? controller.enqueue(chunk) : controller.close()),
    })
    const init = {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { apikey: caller.key, 'content-type': 'application/json' },
    }
    expect((await lend().fetch('/rest/v1/companies', init)).status).toBe(413)
    // Between processes the network reads ahead.
    if (lend().inProcess) expect(sent).toBeLessThan(20)
  })

  test('a URL over the limit is 414', async () => {
    expect((await caller.get(`/companies?name=eq.${'x'.repeat(17_000)}`)).status).toBe(414)
  })

  test('a body of a type that is not JSON is 415', async () => {
    for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'nonsense']) {
      const answer = await caller.send('POST', '/companies', '{"name":"x"}', { 'content-type': type })
      expect(answer.status, `${type} ${answer.text}`).toBe(415)
    }
    await untouched()
  })

  test('an answer of a type that is not there is 406', async () => {
    const answer = await caller.get('/companies', { accept: 'application/xml' })
    expect([answer.status, answer.row.code]).toEqual([406, 'PGRST107'])
  })

  test.each([
    ['no key', {}],
    ['a key of no known form', { apikey: 'hello' }],
    ['an empty key', { apikey: '' }],
    ['a Bearer of nothing', { authorization: 'Bearer' }],
    ['Basic', { authorization: 'Basic YTpi' }],
  ])('%s is 401', async (_, headers) => {
    const answer = await readAnswer(await lend().fetch('/rest/v1/companies', { headers }))
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBeTruthy()
  })

  test('a key with one character changed is 401', async () => {
    const last = caller.key.endsWith('A') ? 'B' : 'A'
    const answer = await readAnswer(
      await lend().fetch('/rest/v1/companies', { headers: { apikey: caller.key.slice(0, -1) + last } }),
    )
    expect(answer.status).toBe(401)
  })

  test.each(['/', '/rest', '/rest/v2/companies', '/rest/v1/companies/a/b/c', '/nothing', '/t/acme'])(
    '%s is 404',
    async (path) => {
      const response = await lend().fetch(path, { headers: { apikey: caller.key } })
      expect(response.status).toBe(404)
    },
  )

  test.each([
    ['/companies', { name: 'x' }],
    ['/companies?name=eq.x', { name: 'x' }],
    ['/companies/a/b/c', { name: 'x' }],
  ])('PUT %s names no row by its key: refused, and nothing is made', async (path, row) => {
    const answer = await caller.send('PUT', path, row)
    expect([answer.status >= 400, answer.status < 500], answer.text).toEqual([true, true])
    await untouched()
  })

  test.each(['TRACE-ISH', 'PROPFIND', 'OPTIONS'])('%s does nothing', async (method) => {
    // A server in front may not know the word, and answers for itself.
    if (method === 'TRACE-ISH' && !lend().inProcess) return
    const answer = await caller.send(method, '/companies')
    expect(answer.status).toBeLessThan(500)
    if (method !== 'OPTIONS') expect(answer.status).toBeGreaterThanOrEqual(400)
    await untouched()
  })
}
