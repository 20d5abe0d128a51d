/** Hooks before a write, end to end: from the schema to a changed row or a refusal. */
import { expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import type { Lend } from '../fixture/lend.ts'
import { withRoles } from './with-roles.ts'

const WRITTEN = { prefer: 'return=representation' }

export function hooks(lend: Lend): void {
  const admin = (): Promise<Caller> => withRoles(lend(), ['admin'])
  const clerk = (): Promise<Caller> => withRoles(lend(), ['clerk'])

  test('a row is changed before it is written, in the order of the schema', async () => {
    const caller = await admin()
    const row = {
      email: '  Ann@Acme.TEST ',
      name: 'Ännchen von Tharau',
      phone: '0664 1234567',
      card: '4111 1111 1111 1111',
      status: 'customer',
      credit: 1,
    }
    const answer = await caller.post('/customers', row, WRITTEN)
    expect(answer.status).toBe(201)
    expect(answer.rows[0]).toMatchObject({
      email: 'ann@acme.test',
      slug: 'aennchen-von-tharau',
      phone: '+436641234567',
      card: '***************1111',
    })
    expect(answer.rows[0]?.api_key).toMatch(/^ck_[0-9a-f]{48}$/)
  })

  test('a refusal names every field of every row, with the code of each', async () => {
    const caller = await admin()
    const good = { email: 'a@b.test', name: 'A', phone: null, card: null, born: null }
    const bad = { email: 'x@example.com', name: 'B', phone: '12', card: '4111111111111112', born: '2999-01-01' }
    const answer = await caller.post('/customers', [good, bad])
    expect(answer).toMatchObject({ status: 422, body: { code: 'FUNCTION_REFUSED' } })
    const errors = answer.row.errors as { pointer: string; code: string }[]
    expect(errors.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      '/1/email email_domain',
      '/1/phone phone',
      '/1/card luhn',
      '/1/born date_range',
    ])
    expect((await caller.get('/customers?select=id')).rows).toEqual([])
  })

  test('what hooks make is validated again', async () => {
    const caller = await admin()
    const answer = await caller.post('/customers', { email: ' no address ', name: 'A' })
    expect(answer).toMatchObject({ status: 400, body: { code: '23514' } })
  })

  test('numbers beside what hooks change keep every digit', async () => {
    const caller = await admin()
    const body = '{"email":"B@acme.test","name":"B","credit":12345678901234567890.1234567891}'
    const answer = await caller.send('POST', '/customers?select=email,credit', body, WRITTEN)
    expect(answer.text).toBe('[{"email":"b@acme.test","credit":12345678901234567890.1234567891}]')
    const many = `[${body},${body.replaceAll('B@', 'C@').replaceAll('"B"', '"C"')}]`
    const both = await caller.send('POST', '/customers?select=credit', many.replaceAll('"B"', '"D"'), WRITTEN)
    expect(both.text.match(/12345678901234567890\.1234567891/g)).toHaveLength(2)
  })

  test('a field that a hook sets asks for no right of the caller, who still may not give it', async () => {
    const caller = await clerk()
    const made = await caller.post('/customers?select=slug', { email: 'c@acme.test', name: 'By Clerk' }, WRITTEN)
    expect(made.rows).toEqual([{ slug: 'by-clerk' }])
    const given = await caller.post('/customers', { email: 'd@acme.test', name: 'D', slug: 'mine' })
    expect(given).toMatchObject({ status: 422, body: { code: 'FIELD_NOT_WRITABLE' } })
  })

  test('`when` asks of an update what it changes', async () => {
    const caller = await admin()
    const [row] = await caller.add('customers', [{ email: 'e@acme.test', name: 'Old Name' }])
    const path = `/customers?id=eq.${row?.id}&select=slug,name`
    expect((await caller.patch(path, { name: 'Old Name', note: 'x' }, WRITTEN)).rows).toEqual([
      { slug: 'old-name', name: 'Old Name' },
    ])
    expect((await caller.patch(path, { name: 'New Name' }, WRITTEN)).rows).toEqual([
      { slug: 'new-name', name: 'New Name' },
    ])
  })

  test('an update of many rows sets for each what its hooks make of it', async () => {
    const caller = await admin()
    await caller.add('customers', [
      { email: 'f1@acme.test', name: 'Same', slug: 'one' },
      { email: 'f2@acme.test', name: 'Other', slug: 'two' },
    ])
    const answer = await caller.patch('/customers?email=like.f*&select=slug&order=email', { name: 'Same' }, WRITTEN)
    expect(answer.rows.map(({ slug }) => slug).toSorted()).toEqual(['one', 'same'])
  })

  test('a hook sees the row as it was and may refuse the change or the deletion', async () => {
    const caller = await admin()
    const [row] = await caller.add('customers', [{ email: 'g@acme.test', name: 'G', status: 'customer' }])
    const path = `/customers?id=eq.${row?.id}`
    const changed = await caller.patch(path, { email: 'h@acme.test' })
    expect(changed).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/email', code: 'frozen', detail: 'is frozen for key: g@acme.test' }] },
    })
    expect((await caller.patch(path, { email: 'G@acme.test' })).status).toBe(204)
    expect((await caller.delete(path)).status).toBe(422)
    await caller.patch(path, { status: 'lead' })
    expect((await caller.delete(path)).status).toBe(204)
    expect((await caller.get(path)).rows).toEqual([])
  })

  test('hooks see none of the rows that rules keep from the caller', async () => {
    const all = await admin()
    const caller = await withRoles(lend(), ['clerk'], all.slug)
    await all.add('customers', [
      { email: 'k1@acme.test', name: 'K1', status: 'lead' },
      { email: 'k2@acme.test', name: 'K2', status: 'customer' },
    ])
    const answer = await caller.patch('/customers?email=like.k*&select=email', { name: 'Renamed' }, WRITTEN)
    expect(answer.rows).toEqual([{ email: 'k1@acme.test' }])
  })

  test('an item that is not there is not found, whatever its hooks ask', async () => {
    const caller = await admin()
    const path = '/customers/018f0000-0000-7000-8000-000000000009'
    expect((await caller.patch(path, { name: 'X' })).status).toBe(404)
    expect((await caller.delete(path)).status).toBe(404)
  })

  test('an upsert runs hooks that both moments have, and is refused where they differ', async () => {
    const caller = await clerk()
    const merge = { prefer: 'return=representation, resolution=merge-duplicates' }
    await caller.post('/tags', { name: 'RED' })
    const answer = await caller.post('/tags?on_conflict=name&select=name,hits', [{ name: 'Red' }], merge)
    expect(answer.rows).toEqual([{ name: 'red', hits: 7 }])
    expect((await caller.get('/tags')).rows).toHaveLength(1)
    const refused = await (await admin()).post('/customers?on_conflict=id', [{ email: 'a@b.test', name: 'A' }], merge)
    expect(refused).toMatchObject({ status: 400, body: { code: 'UPSERT_HOOKS' } })
  })

  test('a field set for some rows keeps its default for the others', async () => {
    const caller = await clerk()
    const answer = await caller.post('/tags?select=name,hits', [{ name: 'Some' }, { name: 'none' }], WRITTEN)
    expect(answer.rows.toSorted((a, b) => String(a.name).localeCompare(String(b.name)))).toEqual([
      { name: 'none', hits: 7 },
      { name: 'some', hits: 1 },
    ])
  })

  test('a function that reads is asked once for many rows, as the caller', async () => {
    const caller = await clerk()
    await caller.add('people', [{ name: 'Eve' }])
    const bulk = [...Array(200).keys()].map((n) => ({ name: n === 7 ? 'Eve' : `P${n}` }))
    const answer = await caller.post('/people', bulk)
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: '/7/name', code: 'namesakes' }] } })
    expect((await caller.post('/people', { name: 'Eve' })).status).toBe(422)
    expect((await caller.post('/people', { name: 'Adam' })).status).toBe(201)
  })

  test('what breaks in a function tells the client nothing of it', async () => {
    const { key } = await clerk()
    for (const note of ['x', 'data']) {
      const headers = { apikey: key, 'content-type': 'application/json' }
      const body = JSON.stringify({ name: `N ${note}`, broken: note })
      const request = new Request('http://localhost/rest/v1/people', { method: 'POST', headers, body })
      const response = await lend().runtime.fetch(request)
      expect(response.status).toBe(500)
      expect(await response.text()).not.toContain('inside')
    }
  })

  test('what asks outside for each row does so for a bounded number of them', async () => {
    const caller = await clerk()
    const bulk = [...Array(101).keys()].map((n) => ({ name: `Q${n}`, slow: 'x' }))
    expect(await caller.post('/people', bulk)).toMatchObject({ status: 422, body: { code: 'FUNCTION_BUDGET' } })
  })
}
