/** Routes of one row, by keys of every kind. */
import { beforeAll, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import type { Lend } from '../fixture/lend.ts'

const REPRESENTATION = { prefer: 'return=representation' }

export function items(lend: Lend): void {
  let caller: Caller
  let contact: string
  let number: string
  beforeAll(async () => {
    caller = await lend().newTenant()
    contact = String((await caller.add('contacts', [{ email: 'i@x.example', first_name: 'I' }]))[0]?.id)
    await caller.add('products', [
      { code: 'P-1', name: 'One', price: '1.10' },
      { code: 'P-2', name: 'Two', price: '2.20' },
    ])
    number = String((await caller.add('orders', [{ contact_id: contact, placed_on: '2024-05-06' }]))[0]?.number)
    await caller.add('order_lines', [
      { order_number: number, product_code: 'P-1', quantity: 1, unit_price: '1.10' },
      { order_number: number, product_code: 'P-2', quantity: 7, unit_price: '2.20' },
    ])
  })

  test('by uuid: one object, with an entity tag', async () => {
    const answer = await caller.get(`/contacts/${contact}?select=email,first_name`)
    expect([answer.status, answer.body]).toEqual([200, { email: 'i@x.example', first_name: 'I' }])
    expect(answer.headers.get('etag')).toMatch(/^(W\/)?"[^"]+"$/)
  })

  test('the entity tag changes with the row', async () => {
    const before = (await caller.get(`/contacts/${contact}`)).headers.get('etag')
    expect((await caller.get(`/contacts/${contact}`)).headers.get('etag')).toBe(before)
    await caller.patch(`/contacts/${contact}`, { last_name: 'Changed' })
    expect((await caller.get(`/contacts/${contact}`)).headers.get('etag')).not.toBe(before)
  })

  test('by natural key', async () => {
    expect((await caller.get('/products/P-2?select=name')).body).toEqual({ name: 'Two' })
  })

  test('by bigint identity', async () => {
    expect((await caller.get(`/orders/${number}?select=placed_on`)).body).toEqual({ placed_on: '2024-05-06' })
  })

  test('by composite key', async () => {
    expect((await caller.get(`/order_lines/${number},P-2?select=quantity`)).body).toEqual({ quantity: 7 })
  })

  test('an item can embed', async () => {
    const answer = await caller.get(
      `/orders/${number}?select=contact(email),order_lines(product_code)&order_lines.order=product_code`,
    )
    expect(answer.body).toEqual({
      contact: { email: 'i@x.example' },
      order_lines: [{ product_code: 'P-1' }, { product_code: 'P-2' }],
    })
  })

  test('PATCH of an item', async () => {
    const answer = await caller.patch(`/order_lines/${number},P-1?select=quantity`, { quantity: 3 }, REPRESENTATION)
    expect([answer.status, answer.body]).toEqual([200, { quantity: 3 }])
    expect((await caller.get(`/order_lines/${number},P-2?select=quantity`)).body).toEqual({ quantity: 7 })
    expect((await caller.patch(`/products/P-1`, { name: 'Uno' })).status).toBe(204)
    expect((await caller.get('/products/P-1?select=name')).body).toEqual({ name: 'Uno' })
  })

  test('DELETE of an item', async () => {
    expect((await caller.delete(`/order_lines/${number},P-1`)).status).toBe(204)
    expect((await caller.get(`/order_lines?order_number=eq.${number}&select=product_code`)).body).toEqual([
      { product_code: 'P-2' },
    ])
  })

  const absent = '018f0000-0000-7000-8000-00000000ffff'
  test.each([
    ['GET', `/contacts/${absent}`, undefined],
    ['PATCH', `/contacts/${absent}`, { last_name: 'X' }],
    ['DELETE', `/contacts/${absent}`, undefined],
    ['GET', '/products/NONE', undefined],
    ['GET', '/orders/9007199254740993', undefined],
    ['GET', '/order_lines/1,NONE', undefined],
  ])('%s %s: an item that is not there is 404', async (method, path, body) => {
    const answer = await caller.send(method, path, body)
    expect(answer.status, answer.text).toBe(404)
  })

  test.each([
    ['/contacts/not-a-uuid', /22P02/],
    ['/orders/abc', /22P02/],
    ['/order_lines/1', /./],
    ['/order_lines/1,2,3', /./],
    ['/contacts/a/b', /./],
  ])('%s: a key of the wrong form is a 4xx', async (path, code) => {
    const answer = await caller.get(path)
    expect([400, 404]).toContain(answer.status)
    expect(answer.row.code).toMatch(code)
  })
}
