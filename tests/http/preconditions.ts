/** If-Match and If-None-Match on items: nobody's change is lost to somebody's older copy. */
import { beforeAll, beforeEach, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import type { Lend } from '../fixture/lend.ts'

const REPRESENTATION = { prefer: 'return=representation' }

export function preconditions(lend: Lend): void {
  let caller: Caller
  let n = 0
  let path: string
  beforeAll(async () => {
    caller = await lend().newTenant()
  })
  beforeEach(async () => {
    n += 1
    path = `/products/C-${n}`
    await caller.add('products', [{ code: `C-${n}`, name: 'first' }])
    await caller.patch(path, { name: 'second' })
  })

  const name = async (): Promise<unknown> => (await caller.get(`${path}?select=name`)).row.name

  test.each(['"2"', 'W/"2"', '"9", "2"', '*'])('%s is met: PATCH, PUT and DELETE go on', async (tag) => {
    const patched = await caller.patch(path, { name: 'third' }, { 'if-match': tag, ...REPRESENTATION })
    expect([patched.status, patched.row.name, patched.headers.get('etag')]).toEqual([200, 'third', '"3"'])
    const now = { 'if-match': tag === '*' ? '*' : '"3"', ...REPRESENTATION }
    const put = await caller.send('PUT', path, { name: 'fourth' }, now)
    expect([put.status, put.row.name, put.headers.get('etag')]).toEqual([200, 'fourth', '"4"'])
    expect((await caller.delete(path, { 'if-match': tag === '*' ? '*' : '"4"' })).status).toBe(204)
  })

  test.each(['"1"', '"9", "7"', '"x"', '""'])('%s is not met: 412 and nothing changed', async (tag) => {
    const headers = { 'if-match': tag }
    expect((await caller.patch(path, { name: 'lost' }, headers)).status).toBe(412)
    expect((await caller.send('PUT', path, { name: 'lost' }, headers)).status).toBe(412)
    expect((await caller.delete(path, headers)).status).toBe(412)
    expect(await name()).toBe('second')
  })

  test('a header that is no list of tags is 400', async () => {
    expect((await caller.patch(path, { name: 'lost' }, { 'if-match': '2' })).status).toBe(400)
    expect(await name()).toBe('second')
  })

  test('of a row that is not there, PATCH is 404 and PUT is 412', async () => {
    expect((await caller.patch('/products/NONE', { name: 'x' }, { 'if-match': '"1"' })).status).toBe(404)
    for (const tag of ['"1"', '*'])
      expect((await caller.send('PUT', '/products/NONE', { name: 'x' }, { 'if-match': tag })).status).toBe(412)
    expect((await caller.get('/products?code=eq.NONE')).rows).toEqual([])
  })

  test('If-None-Match: * makes a PUT a creation', async () => {
    expect((await caller.send('PUT', path, { name: 'lost' }, { 'if-none-match': '*' })).status).toBe(412)
    expect(await name()).toBe('second')
    const made = await caller.send(
      'PUT',
      `/products/NEW-${n}`,
      { name: 'made' },
      { 'if-none-match': '*', ...REPRESENTATION },
    )
    expect([made.status, made.row.name, made.headers.get('etag')]).toEqual([201, 'made', '"1"'])
  })

  test('on a collection a precondition is refused', async () => {
    for (const method of ['PATCH', 'DELETE'])
      expect(
        (await caller.send(method, `/products?code=eq.C-${n}`, { name: 'lost' }, { 'if-match': '"99"' })).status,
      ).toBe(400)
    expect(await name()).toBe('second')
  })

  test('a change of nothing answers the item, or that it is not there', async () => {
    expect((await caller.patch(path, {})).status).toBe(204)
    const answer = await caller.patch(path, {}, REPRESENTATION)
    expect([answer.status, answer.row.name, answer.headers.get('etag')]).toEqual([200, 'second', '"2"'])
    expect((await caller.patch(path, {}, { 'if-match': '"1"' })).status).toBe(412)
    expect((await caller.patch('/products/NONE', {})).status).toBe(404)
  })

  test('PUT keeps every digit, and knows its key however it is written', async () => {
    const big = '12345678901234567890'
    const id = '018F0000-0000-7000-8000-0000000000AB'
    const contact = `{"email":"p${n}@x.example","first_name":"P","meta":{"n":${big}}}`
    expect((await caller.send('PUT', `/contacts/${id}`, contact)).status).toBe(201)
    expect((await caller.get(`/contacts/${id}?select=meta->n`)).text).toBe(`{"n":${big}}`)
    const again = contact.replace('{', `{"id":"${id.toLowerCase()}",`)
    expect((await caller.send('PUT', `/contacts/${id}`, again)).status).toBe(200)
    const number = '9007199254740993'
    const order = `{"number":${number},"contact_id":"${id}","placed_on":"2024-01-01"}`
    expect((await caller.send('PUT', `/orders/${number}`, order)).status).toBe(201)
    expect((await caller.get(`/orders/${number}?select=number`)).text).toBe(`{"number":${number}}`)
    expect((await caller.send('PUT', `/orders/${number}`, order.replace(number, '9007199254740992'))).status).toBe(400)
  })
}
