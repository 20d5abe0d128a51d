/** Where two features meet: answers that were wrong once. */
import { beforeAll, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import type { Lend } from '../fixture/lend.ts'

const ABSENT = '018f0000-0000-7000-8000-00000000dead'

export function corners(lend: Lend): void {
  let caller: Caller
  let company: string
  let contact: string
  let order: string
  beforeAll(async () => {
    caller = await lend().newTenant()
    company = String((await caller.add('companies', [{ name: 'Zeta' }]))[0]?.id)
    const rows = [
      { email: 'a@x.example', first_name: 'A', company_id: company },
      { email: 'b@x.example', first_name: 'B', company_id: null },
    ]
    contact = String((await caller.add('contacts', rows))[0]?.id)
    await caller.add('notes', [{ contact_id: contact, body: 'one' }])
    order = String((await caller.add('orders', [{ contact_id: contact, placed_on: '2024-01-01' }]))[0]?.number)
  })

  test('an alias may be any name, also one that the planner might use', async () => {
    for (const name of ['r', 't', 'x', 'w', 'b', 'e1', 'v', 'body', 'tenant_id'])
      expect(
        (await caller.get(`/contacts?select=${name}:email,company(${name}:name)&email=eq.a@x.example`)).rows,
      ).toEqual([{ [name]: 'a@x.example', company: { [name]: 'Zeta' } }])
  })

  test('an alias that Postgres would cut, or that is empty, is refused', async () => {
    const long = 'a'.repeat(64)
    for (const select of [`${long}:email`, `"":email`, `...company(${long}:name)`])
      expect((await caller.get(`/contacts?select=${select}`)).status).toBe(400)
    expect((await caller.get(`/contacts?select=${'a'.repeat(63)}:email`)).status).toBe(200)
  })

  test('tx=rollback is refused where a commit would be', async () => {
    const undo = { prefer: 'tx=rollback, return=representation' }
    const foreign = { email: 'f@x.example', first_name: 'F', company_id: ABSENT }
    expect((await caller.post('/contacts', foreign, undo)).row.code).toBe('23503')
    expect((await caller.patch(`/contacts?id=eq.${contact}`, { company_id: ABSENT }, undo)).row.code).toBe('23503')
    expect((await caller.delete(`/contacts?id=eq.${contact}`, undo)).row.code).toBe('23503')
    const fine = await caller.patch(`/contacts/${contact}`, { last_name: 'L' }, undo)
    expect([fine.status, fine.row.last_name, fine.headers.get('etag')]).toEqual([200, 'L', '"2"'])
    expect((await caller.get(`/contacts/${contact}?select=last_name`)).body).toEqual({ last_name: null })
  })

  test('tx=rollback of an upsert tells new rows from old ones', async () => {
    const undo = { prefer: 'tx=rollback, resolution=merge-duplicates, return=representation' }
    expect((await caller.post('/products', { code: 'R-1', name: 'new' }, undo)).status).toBe(201)
    await caller.add('products', [{ code: 'R-1', name: 'old' }])
    const answer = await caller.post('/products', { code: 'R-1', name: 'newer' }, undo)
    expect([answer.status, answer.rows[0]?.name]).toEqual([200, 'newer'])
    expect((await caller.get('/products/R-1?select=name')).body).toEqual({ name: 'old' })
  })

  test('an item is read with filters and orders on what it embeds', async () => {
    const path = `/contacts/${contact}?select=email,company(name)`
    expect((await caller.get(`${path}&company=not.is.null`)).status).toBe(200)
    expect((await caller.get(`${path}&order=company(name)`)).status).toBe(200)
    expect((await caller.get(`${path}&company=is.null`)).status).toBe(404)
    expect((await caller.patch(`${path}&company=not.is.null`, { last_name: 'x' }, { 'if-match': '"99"' })).status).toBe(
      412,
    )
  })

  test('an order by an embed minds what the embed itself excludes', async () => {
    const path = '/notes?select=body,contact(email,company!inner(name))'
    await caller.add('notes', [{ contact_id: contact, body: 'two' }])
    expect((await caller.get(`${path}&contact.company.name=eq.Nope&order=contact(email),body.desc`)).rows).toEqual([
      { body: 'two', contact: null },
      { body: 'one', contact: null },
    ])
    expect((await caller.get(`${path}&contact.company=not.is.null&order=contact(email),body`)).status).toBe(200)
  })

  test('an inner embed whose page is empty excludes the row', async () => {
    const path = '/contacts?select=email,notes!inner(body)'
    expect((await caller.get(`${path}&notes.offset=9`)).rows).toEqual([])
    expect((await caller.get(`${path}&notes.offset=0`)).rows).toHaveLength(1)
  })

  test('a row without its number is new, whatever numbers others have given', async () => {
    const merge = { prefer: 'resolution=merge-duplicates' }
    const next = Number(order) + 1
    await caller.add('orders', [{ number: next, contact_id: contact, placed_on: '2024-02-02' }])
    const answer = await caller.post('/orders', { contact_id: contact, placed_on: '2024-03-03' }, merge)
    expect([answer.status, answer.row.code]).toEqual([409, '23505'])
    expect((await caller.get(`/orders/${next}?select=placed_on`)).body).toEqual({ placed_on: '2024-02-02' })
    const mixed = [
      { placed_on: '2024-04-04', contact_id: contact },
      { number: next, placed_on: '2024-04-04', contact_id: contact },
    ]
    expect(
      (await caller.post('/orders', mixed, { prefer: 'resolution=merge-duplicates, missing=default' })).status,
    ).toBe(400)
  })

  test('missing=default numbers the rows that lack a number', async () => {
    const rows = [
      { contact_id: contact, placed_on: '2024-05-05' },
      { number: 77_777, contact_id: contact, placed_on: '2024-05-05' },
    ]
    const answer = await caller.post('/orders?select=number', rows, {
      prefer: 'missing=default, return=representation',
    })
    expect([answer.status, answer.rows[1]]).toEqual([201, { number: 77_777 }])
    expect(Number(answer.rows[0]?.number)).toBeGreaterThan(0)
  })

  test('a CSV header that names a column twice is refused', async () => {
    const answer = await caller.send('POST', '/products', 'code,code,name\nA,B,n', { 'content-type': 'text/csv' })
    expect([answer.status, answer.row.code]).toEqual([400, 'PGRST102'])
  })

  test('JSON in a CSV cell keeps every digit', async () => {
    const body = `email,first_name,meta\nd@x.example,D,"{""n"":[12345678901234567890.10,1.0,2]}"`
    expect((await caller.send('POST', '/contacts', body, { 'content-type': 'text/csv' })).status).toBe(201)
    const answer = await caller.get('/contacts?select=meta&email=eq.d@x.example')
    expect(answer.text.replaceAll(' ', '')).toBe('[{"meta":{"n":[12345678901234567890.10,1.0,2]}}]')
  })

  test('each part of a composite key is escaped by itself', async () => {
    expect((await caller.get(`/order_lines/${order},A%2CB`)).status).toBe(404)
    expect((await caller.get(`/order_lines/${order},A,B`)).status).toBe(400)
    expect((await caller.get(`/order_lines/${order},%E0%A4%A`)).status).toBe(400)
  })
}
