/** Checks of fields and of the entity: on every way to write, told with the field, and nothing written. */
import { beforeAll, expect, test } from 'vitest'
import type { Answer } from '../fixture/answer.ts'
import type { Caller } from '../fixture/caller.ts'
import type { Lend } from '../fixture/lend.ts'
import { person } from './writing.ts'

const MERGE = { prefer: 'resolution=merge-duplicates' }

export function checking(lend: Lend): void {
  let caller: Caller
  let id: unknown
  beforeAll(async () => {
    caller = await lend().newTenant()
    id = (await caller.add('people', [person('Stay', { amount: 1, starts: '2030-01-01T00:00:00Z' })]))[0]?.id
  })

  const PAST = '2001-01-01T00:00:00Z'
  test.each([
    [{ amount: 13 }, '/amount'],
    [{ due: PAST }, '/due'],
    [{ starts: '2030-01-02T00:00:00Z', ends: '2030-01-01T00:00:00Z' }, ''],
    [{ email: 'x@forbidden.example' }, ''],
    [{ first: 'No', last: 'Body' }, ''],
  ])('%j is refused by insert, update, item route and upsert', async (values, pointer) => {
    const before = (await caller.get('/people?order=id')).body
    for (const returning of ['minimal', 'representation', 'headers-only']) {
      const prefer = `return=${returning},missing=default`
      refused(await caller.post('/people', person('New', values), { prefer }), pointer)
      refused(await caller.post('/people', [person('Good', {}), person('New', values)], { prefer }), pointer)
      refused(await caller.patch('/people?first=eq.Stay', values, { prefer }), pointer)
      refused(await caller.patch(`/people/${id}`, values, { prefer }), pointer)
    }
    refused(await caller.post('/people', { ...person('New', {}), id, ...values }, MERGE), pointer)
    expect((await caller.get('/people?order=id')).body).toEqual(before)
  })

  test('an update is held to the whole row that it makes', async () => {
    refused(await caller.patch('/people?first=eq.Stay', { ends: '2029-01-01T00:00:00Z' }), '')
    expect((await caller.patch('/people?first=eq.Stay', { ends: '2031-01-01T00:00:00Z' })).status).toBe(204)
    refused(await caller.patch('/people?first=eq.Stay', { starts: '2032-01-01T00:00:00Z' }), '')
  })

  test('null satisfies, and the time is that of the write', async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString()
    const rows = [person('Nul', { amount: null, due: null }), person('Soon', { amount: 12, due: soon })]
    expect((await caller.post('/people', rows)).status).toBe(201)
    expect((await caller.patch('/people?first=eq.Soon', { due: null })).status).toBe(204)
  })

  test('an upsert is held to the row that stands merged', async () => {
    await caller.add('people', [person('Merge', { starts: '2030-01-01T00:00:00Z' })])
    const ends = { ends: '2029-01-01T00:00:00Z' }
    refused(await caller.post('/people?on_conflict=slug', person('Merge', ends), MERGE), '')
    const ignored = { prefer: 'resolution=ignore-duplicates' }
    expect((await caller.post('/people?on_conflict=slug', person('Merge', ends), ignored)).status).toBeLessThan(300)
    expect((await caller.get('/people?select=ends&first=eq.Merge')).body).toEqual([{ ends: null }])
  })

  test('rows that are not written are not asked', async () => {
    expect((await caller.patch('/people?first=eq.Nobody', { amount: 13 })).status).toBe(204)
    expect((await caller.send('DELETE', '/people?first=eq.Nobody')).status).toBe(204)
  })
}

function refused(answer: Answer, pointer: string): void {
  expect([answer.status, answer.row.code], answer.text).toEqual([400, '23514'])
  expect(answer.row.errors).toMatchObject([{ pointer, code: 'check' }])
}
