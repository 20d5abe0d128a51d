/** A body that sets what only the platform sets is refused whole. */
import { beforeAll, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import type { Watched } from './watched.ts'

export function forbiddenFields(lend: Watched): void {
  let caller: Caller
  let id: string
  beforeAll(async () => {
    caller = await lend().newTenant()
    id = String((await caller.add('companies', [{ name: 'Before' }]))[0]?.id)
  })

  test.each([
    ['created_at', '2001-01-01T00:00:00Z'],
    ['updated_at', '2001-01-01T00:00:00Z'],
    ['created_by', 'someone else'],
    ['revision', 7],
    ['tenant_id', '018f0000-0000-7000-8000-00000000dddd'],
    ['TENANT_ID', '018f0000-0000-7000-8000-00000000dddd'],
    ['unlisted', 1],
    ['contacts', []],
    ['', 1],
  ])('%s', async (field, value) => {
    const before = (await caller.get('/companies')).text
    const answers = [
      await caller.post('/companies', { name: 'After', [field]: value }),
      await caller.post('/companies', [
        { name: 'After', [field]: null },
        { name: 'After', [field]: value },
      ]),
      await caller.patch(`/companies?id=eq.${id}`, { name: 'After', [field]: value }),
      await caller.patch(`/companies/${id}`, { name: 'After', [field]: value }),
    ]
    for (const answer of answers) {
      expect([400, 422], answer.text).toContain(answer.status)
      expect((await caller.get('/companies')).text).toBe(before)
    }
  })

  test('what the platform alone writes is told apart: 422 with a pointer', async () => {
    const answer = await caller.post('/companies', { name: 'After', revision: 7 })
    expect(answer.status).toBe(422)
    expect(JSON.stringify(answer.row.errors)).toContain('/revision')
  })

  test('identity keys come from the database', async () => {
    const [contact] = await caller.add('contacts', [{ email: 'k@x.example', first_name: 'K' }])
    const answer = await caller.post('/orders', { contact_id: contact?.id, placed_on: '2024-01-01', number: 7 })
    expect([201, 400, 422], answer.text).toContain(answer.status)
  })
}
