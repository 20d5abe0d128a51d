/** Related rows inside rows: to one, to many, both ways, with their own filters, order and limits. */
import { beforeAll, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import type { Lend } from '../fixture/lend.ts'

export function embedding(lend: Lend): void {
  let caller: Caller
  const get = async (path: string): Promise<unknown> => {
    const answer = await caller.get(path)
    expect(answer.status, answer.text).toBe(200)
    return answer.body
  }
  beforeAll(async () => {
    caller = await lend().newTenant()
    await seed(caller)
  })

  test('to one, by the name of the relation', async () => {
    expect(await get('/contacts?select=email,company(name)&order=email')).toEqual([
      { email: 'ann@x.example', company: { name: 'Alpha' } },
      { email: 'bob@x.example', company: { name: 'Alpha' } },
      { email: 'cy@x.example', company: null },
    ])
  })

  test('to many, empty where there are none', async () => {
    expect(await get('/companies?select=name,contacts(email)&order=name&contacts.order=email.desc')).toEqual([
      { name: 'Alpha', contacts: [{ email: 'bob@x.example' }, { email: 'ann@x.example' }] },
      { name: 'Beta', contacts: [] },
    ])
  })

  test('under an alias, by the name of the entity', async () => {
    expect(await get('/contacts?select=email,firm:companies(name)&email=eq.ann@x.example')).toEqual([
      { email: 'ann@x.example', firm: { name: 'Alpha' } },
    ])
  })

  test('an embed of an embed, three deep', async () => {
    const path =
      '/companies?select=name,contacts(email,orders(number,order_lines(quantity,product(name))))&name=eq.Alpha'
    expect(await get(`${path}&contacts.order=email`)).toEqual([
      {
        name: 'Alpha',
        contacts: [
          {
            email: 'ann@x.example',
            orders: [{ number: expect.anything(), order_lines: [{ quantity: 2, product: { name: 'Lamp' } }] }],
          },
          { email: 'bob@x.example', orders: [] },
        ],
      },
    ])
  })

  test('* inside an embed', async () => {
    const [row] = (await get('/contacts?select=company(*)&email=eq.ann@x.example')) as { company: object }[]
    expect(row?.company).toMatchObject({ name: 'Alpha', revision: 1 })
    expect(row?.company).not.toHaveProperty('tenant_id')
  })

  test('a filter, an order and a limit of the embed alone', async () => {
    expect(
      await get('/contacts?select=notes(body)&email=eq.ann@x.example&notes.order=body.desc&notes.limit=2'),
    ).toEqual([{ notes: [{ body: 'two' }, { body: 'three' }] }])
    expect(await get('/contacts?select=email,notes(body)&order=email&notes.pinned=is.true')).toEqual([
      { email: 'ann@x.example', notes: [{ body: 'two' }] },
      { email: 'bob@x.example', notes: [] },
      { email: 'cy@x.example', notes: [] },
    ])
    expect(
      await get('/contacts?select=notes(body)&email=eq.ann@x.example&notes.order=body&notes.limit=1&notes.offset=1'),
    ).toEqual([{ notes: [{ body: 'three' }] }])
  })

  test('!inner keeps only rows that have one', async () => {
    expect(await get('/contacts?select=email,company!inner(name)&order=email')).toHaveLength(2)
    expect(await get('/contacts?select=email,notes!inner(body)&notes.pinned=is.true')).toEqual([
      { email: 'ann@x.example', notes: [{ body: 'two' }] },
    ])
  })

  test('a count beside embeds counts the rows, not the embedded', async () => {
    const answer = await caller.get('/contacts?select=email,notes(body)&limit=1', { prefer: 'count=exact' })
    expect([answer.status, answer.headers.get('content-range')]).toEqual([206, '0-0/3'])
  })

  test('what a write returns may embed', async () => {
    const [company] = (await caller.get('/companies?name=eq.Beta')).rows
    const body = { email: 'dee@x.example', first_name: 'Dee', company_id: company?.id }
    const made = await caller.post('/contacts?select=email,company(name)', body, { prefer: 'return=representation' })
    expect([made.status, made.body]).toEqual([201, [{ email: 'dee@x.example', company: { name: 'Beta' } }]])
    const changed = await caller.patch(
      '/contacts?email=eq.dee@x.example&select=company(name),notes(body)',
      { company_id: null },
      {
        prefer: 'return=representation',
      },
    )
    expect([changed.status, changed.body]).toEqual([200, [{ company: null, notes: [] }]])
    expect((await caller.delete('/contacts?email=eq.dee@x.example')).status).toBe(204)
  })

  test('a relation that is not there is PGRST200', async () => {
    const answer = await caller.get('/contacts?select=email,products(name)')
    expect([answer.status, answer.row.code]).toEqual([400, 'PGRST200'])
  })

  test('an unknown column of an embed is 42703', async () => {
    const answer = await caller.get('/contacts?select=company(nome)')
    expect([answer.status, answer.row.code]).toEqual([400, '42703'])
  })

  test('a filter on an embed that is not selected is refused', async () => {
    const answer = await caller.get('/contacts?select=email&company.name=eq.Alpha')
    expect([answer.status, answer.row.code]).toEqual([400, 'PGRST108'])
  })
}

/** Two companies, three contacts (two of them Alpha's), three notes and one order with one line. */
async function seed(caller: Caller): Promise<void> {
  const [alpha] = await caller.add('companies', [{ name: 'Alpha' }, { name: 'Beta' }])
  const [ann] = await caller.add('contacts', [
    { email: 'ann@x.example', first_name: 'Ann', company_id: alpha?.id },
    { email: 'bob@x.example', first_name: 'Bob', company_id: alpha?.id },
    { email: 'cy@x.example', first_name: 'Cy', company_id: null },
  ])
  await caller.add('notes', [
    { contact_id: ann?.id, body: 'one', pinned: false },
    { contact_id: ann?.id, body: 'two', pinned: true },
    { contact_id: ann?.id, body: 'three', pinned: false },
  ])
  await caller.add('products', [{ code: 'LAMP-1', name: 'Lamp', price: '19.90' }])
  const [order] = await caller.add('orders', [{ contact_id: ann?.id, placed_on: '2024-02-29' }])
  await caller.add('order_lines', [
    { order_number: order?.number, product_code: 'LAMP-1', quantity: 2, unit_price: '19.90' },
  ])
}
