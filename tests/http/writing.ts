/** Insert, update and delete of many rows, and what each one answers. */
import { beforeAll, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import type { Lend } from '../fixture/lend.ts'

const REPRESENTATION = { prefer: 'return=representation' }
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

export function writing(lend: Lend): void {
  let caller: Caller
  beforeAll(async () => {
    caller = await lend().newTenant()
  })

  test('an insert is 201 and, unless asked, empty', async () => {
    const answer = await caller.post('/companies', { name: 'Minimal' })
    expect([answer.status, answer.text, answer.headers.get('location')]).toEqual([201, '', null])
    expect((await caller.get('/companies?name=eq.Minimal')).rows).toHaveLength(1)
  })

  test('return=minimal says so', async () => {
    const answer = await caller.post('/companies', { name: 'Minimal 2' }, { prefer: 'return=minimal' })
    expect([answer.status, answer.text]).toEqual([201, ''])
    expect(answer.headers.get('preference-applied')).toBe('return=minimal')
  })

  test('return=representation is the row with its defaults', async () => {
    const answer = await caller.post('/contacts', { email: 'a@b.example', first_name: 'A' }, REPRESENTATION)
    expect(answer.status).toBe(201)
    expect(answer.headers.get('preference-applied')).toBe('return=representation')
    expect(answer.rows).toEqual([
      {
        id: expect.stringMatching(UUID),
        email: 'a@b.example',
        first_name: 'A',
        last_name: null,
        status: 'lead',
        tags: null,
        meta: null,
        owner_id: expect.stringMatching(UUID), // the key's
        company_id: null,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        updated_at: expect.any(String),
        created_by: expect.any(String),
        revision: 1,
      },
    ])
  })

  test('return=headers-only says where the row is', async () => {
    const answer = await caller.post('/products', { code: 'HEAD-1', name: 'H' }, { prefer: 'return=headers-only' })
    expect([answer.status, answer.text]).toEqual([201, ''])
    const location = answer.headers.get('location')
    expect(location).toContain('/products')
    expect(location).toContain('HEAD-1')
  })

  test('many rows at once, in their order, each with an id of its own', async () => {
    const bodies = Array.from({ length: 25 }, (_, index) => ({ name: `Many ${index}` }))
    const answer = await caller.post('/companies', bodies, REPRESENTATION)
    expect(answer.rows.map((row) => row.name)).toEqual(bodies.map((row) => row.name))
    expect(new Set(answer.rows.map((row) => row.id)).size).toBe(25)
  })

  test('an empty list inserts nothing', async () => {
    const answer = await caller.post('/companies', [], REPRESENTATION)
    expect([answer.status, answer.body]).toEqual([201, []])
  })

  test('select chooses what is returned', async () => {
    const answer = await caller.post('/companies?select=name', { name: 'Chosen' }, REPRESENTATION)
    expect(answer.body).toEqual([{ name: 'Chosen' }])
  })

  test('one object in, one object out where asked', async () => {
    const answer = await caller.post(
      '/companies?select=name',
      { name: 'Single' },
      {
        ...REPRESENTATION,
        accept: 'application/vnd.pgrst.object+json',
      },
    )
    expect([answer.status, answer.body]).toEqual([201, { name: 'Single' }])
  })

  test('several objects where one was asked for: PGRST116 and nothing written', async () => {
    const answer = await caller.post('/companies', [{ name: 'Twin' }, { name: 'Twin' }], {
      ...REPRESENTATION,
      accept: 'application/vnd.pgrst.object+json',
    })
    expect([answer.status, answer.row.code]).toEqual([406, 'PGRST116'])
    expect((await caller.get('/companies?name=eq.Twin')).body).toEqual([])
  })

  test('several rows changed where one was asked for: PGRST116 and nothing changed', async () => {
    await caller.add('companies', [{ name: 'Pair' }, { name: 'Pair' }])
    const one = { ...REPRESENTATION, accept: 'application/vnd.pgrst.object+json' }
    const answers = [
      await caller.patch('/companies?name=eq.Pair', { name: 'Torn' }, one),
      await caller.delete('/companies?name=eq.Pair', one),
      await caller.patch('/companies?name=eq.Pair', { name: 'Torn' }, { accept: one.accept }),
    ]
    for (const answer of answers) expect([answer.status, answer.row.code]).toEqual([406, 'PGRST116'])
    expect((await caller.get('/companies?name=eq.Pair')).rows).toHaveLength(2)
  })

  test('an explicit null is not a default', async () => {
    const answer = await caller.post(
      '/contacts',
      { email: 'n@b.example', first_name: 'N', status: null },
      REPRESENTATION,
    )
    expect(answer.rows[0]?.status).toBe(null)
  })

  test('an update changes the rows of its filter and no others', async () => {
    await caller.add('companies', [{ name: 'U1' }, { name: 'U2' }, { name: 'U3' }])
    const answer = await caller.patch(
      '/companies?name=in.(U1,U2)&select=name,website,revision&order=name',
      {
        website: 'https://u.example',
      },
      REPRESENTATION,
    )
    expect(answer.status).toBe(200)
    expect([...answer.rows].sort((a, b) => String(a.name).localeCompare(String(b.name)))).toEqual([
      { name: 'U1', website: 'https://u.example', revision: 2 },
      { name: 'U2', website: 'https://u.example', revision: 2 },
    ])
    expect((await caller.get('/companies?name=eq.U3')).rows[0]).toMatchObject({ website: null, revision: 1 })
  })

  test('an update is 204 and empty unless asked; of nothing, too', async () => {
    const some = await caller.patch('/companies?name=eq.U3', { founded: '2001-02-03' })
    expect([some.status, some.text]).toEqual([204, ''])
    expect((await caller.patch('/companies?name=eq.Nobody', { founded: '2001-02-03' })).status).toBe(204)
    const none = await caller.patch('/companies?name=eq.Nobody', { founded: '2001-02-03' }, REPRESENTATION)
    expect([none.status, none.body]).toEqual([200, []])
  })

  test('an update moves updated_at and leaves created_at', async () => {
    const [before] = await caller.add('companies', [{ name: 'Clock' }])
    const [after] = (await caller.patch('/companies?name=eq.Clock', { website: 'https://c.example' }, REPRESENTATION))
      .rows
    expect(after?.created_at).toBe(before?.created_at)
    expect(Date.parse(String(after?.updated_at))).toBeGreaterThan(Date.parse(String(before?.updated_at)))
  })

  test('an update can set several kinds of values at once', async () => {
    await caller.add('contacts', [{ email: 'kinds@b.example', first_name: 'K' }])
    const change = {
      tags: ['x', 'a"b,{}\\'],
      meta: { deep: [1, { ü: null }] },
      status: 'customer',
      last_name: 'O’Hara',
    }
    const answer = await caller.patch('/contacts?email=eq.kinds@b.example', change, REPRESENTATION)
    expect(answer.rows[0]).toMatchObject(change)
  })

  test('an update counts what it changed', async () => {
    const answer = await caller.patch('/companies?name=in.(U1,U2)', { founded: null }, { prefer: 'count=exact' })
    expect([answer.status, answer.headers.get('content-range')]).toEqual([204, '0-1/2'])
  })

  test('a delete removes the rows of its filter and can return them', async () => {
    await caller.add('companies', [{ name: 'D1' }, { name: 'D2' }, { name: 'D3' }])
    const returned = await caller.delete('/companies?name=eq.D1&select=name', REPRESENTATION)
    expect([returned.status, returned.body]).toEqual([200, [{ name: 'D1' }]])
    const silent = await caller.delete('/companies?name=eq.D2')
    expect([silent.status, silent.text]).toEqual([204, ''])
    expect((await caller.get('/companies?name=in.(D1,D2,D3)&select=name')).body).toEqual([{ name: 'D3' }])
  })

  test('deletes follow the references: cascade, set null, restrict', async () => {
    const [company] = await caller.add('companies', [{ name: 'Parent' }])
    const [contact] = await caller.add('contacts', [
      { email: 'child@b.example', first_name: 'C', company_id: company?.id },
    ])
    await caller.add('notes', [{ contact_id: contact?.id, body: 'gone soon' }])
    expect((await caller.delete(`/companies?id=eq.${company?.id}`)).status).toBe(204)
    expect((await caller.get(`/contacts?id=eq.${contact?.id}`)).rows[0]?.company_id).toBe(null)
    await caller.add('orders', [{ contact_id: contact?.id, placed_on: '2024-01-01' }])
    const refused = await caller.delete(`/contacts?id=eq.${contact?.id}`)
    expect([refused.status, refused.row.code]).toEqual([409, '23503'])
    await caller.delete(`/orders?contact_id=eq.${contact?.id}`)
    expect((await caller.delete(`/contacts?id=eq.${contact?.id}`)).status).toBe(204)
    expect((await caller.get(`/notes?contact_id=eq.${contact?.id}`)).body).toEqual([])
  })
}
