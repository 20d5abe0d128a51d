/** Rows that the schema forbids: the constraint told in logical names, and nothing written. */
import { beforeAll, expect, test } from 'vitest'
import type { Answer } from '../fixture/answer.ts'
import type { Caller } from '../fixture/caller.ts'
import type { Lend } from '../fixture/lend.ts'

const ABSENT = '018f0000-0000-7000-8000-00000000eeee'

export function violations(lend: Lend): void {
  let caller: Caller
  beforeAll(async () => {
    caller = await lend().newTenant()
    await caller.add('contacts', [{ email: 'taken@x.example', first_name: 'T' }])
    await caller.add('products', [{ code: 'TAKEN', name: 'T' }])
  })
  const emails = async (): Promise<unknown> => (await caller.get('/contacts?select=email')).body

  test('unique: 23505, 409, the field named', async () => {
    const answer = await caller.post('/contacts', [
      { email: 'fresh@x.example', first_name: 'F' },
      { email: 'taken@x.example', first_name: 'U' },
    ])
    expect([answer.status, answer.row.code]).toEqual([409, '23505'])
    expect(answer.text).toContain('email')
    expect(await emails()).toEqual([{ email: 'taken@x.example' }])
  })

  test('a key that is there: 23505, 409', async () => {
    const answer = await caller.post('/products', { code: 'TAKEN', name: 'Again' })
    expect([answer.status, answer.row.code]).toEqual([409, '23505'])
    expect(answer.text).toContain('code')
  })

  test('the same value in another tenant is no conflict', async () => {
    const other = await lend().newTenant()
    expect((await other.post('/contacts', { email: 'taken@x.example', first_name: 'T' })).status).toBe(201)
    expect((await other.post('/products', { code: 'TAKEN', name: 'T' })).status).toBe(201)
  })

  test('a reference to nothing: 23503, 409, the field named', async () => {
    const made = await caller.post('/contacts', { email: 'r@x.example', first_name: 'R', company_id: ABSENT })
    expect([made.status, made.row.code]).toEqual([409, '23503'])
    expect(made.text).toContain('company_id')
    const changed = await caller.patch('/contacts?email=eq.taken@x.example', { company_id: ABSENT })
    expect([changed.status, changed.row.code]).toEqual([409, '23503'])
    expect(await emails()).toEqual([{ email: 'taken@x.example' }])
  })

  test('a required field left out, or null: 23502, the field named', async () => {
    for (const body of [{ email: 'x@x.example' }, { email: 'x@x.example', first_name: null }]) {
      fault(await caller.post('/contacts', body), '23502', 'first_name')
    }
    fault(await caller.patch('/contacts?email=eq.taken@x.example', { first_name: null }), '23502', 'first_name')
    expect(await emails()).toEqual([{ email: 'taken@x.example' }])
  })

  test.each([
    ['contacts', { email: 'no-at-sign', first_name: 'X' }, 'email'],
    ['contacts', { email: 'x@x.example', first_name: 'x'.repeat(51) }, 'first_name'],
    ['contacts', { email: 'x@x.example', first_name: 'X', status: 'enemy' }, 'status'],
    ['companies', { name: '' }, 'name'],
    ['companies', { name: 'x'.repeat(101) }, 'name'],
    ['companies', { name: 'x', revenue: -1 }, 'revenue'],
    ['companies', { name: 'x', website: 'not a uri' }, 'website'],
    ['products', { code: 'lower', name: 'x' }, 'code'],
  ])('%s %j breaks the rule of a field', async (entity, body, field) => {
    const answer = await caller.post(`/${entity}`, body)
    expect([400, 422], answer.text).toContain(answer.status)
    expect(answer.text).toContain(field)
    expect((await caller.get('/companies')).body).toEqual([])
  })

  test('every faulty field is told at once, with a pointer', async () => {
    const answer = await caller.post('/contacts', { email: 'nope', first_name: 'x'.repeat(51), status: 'enemy' })
    const pointers = (answer.row.errors as { pointer: string }[]).map((error) => error.pointer)
    expect(pointers.join()).toMatch(/email.*first_name.*status/)
  })
}

function fault(answer: Answer, code: string, field: string): void {
  expect([400, 422], answer.text).toContain(answer.status)
  expect(answer.row.code).toBe(code)
  expect(answer.text).toContain(field)
}
