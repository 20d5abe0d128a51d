/** Curated functions over rpc, by the real client where it has a word in it. */
import { PostgrestClient } from '@supabase/postgrest-js'
import { expect, test } from 'vitest'
import type { Lend } from '../fixture/lend.ts'
import { withRoles } from './with-roles.ts'

export function calling(lend: Lend): void {
  test('a function is called by the client, with its parameters beside its input', async () => {
    const { key } = await withRoles(lend(), ['clerk'])
    const client = new PostgrestClient('http://localhost/rest/v1', {
      headers: { apikey: key },
      fetch: (input, init) => lend().runtime.fetch(new Request(input, init)),
    })
    const { data, error } = await client.rpc('transform.slug', { input: 'Größe des Hauses', max: 10 })
    expect({ data, error }).toEqual({ data: 'groesse-de', error: null })
    const missing = await client.rpc('transform.slog', {})
    expect(missing).toMatchObject({
      status: 404,
      error: { code: 'PGRST202', hint: 'Perhaps you meant transform.slug.' },
    })
  })

  test('a validation answers what it found', async () => {
    const caller = await withRoles(lend(), ['admin'])
    const ask = (input: string) => caller.post('/rpc/validation.luhn', { input })
    expect((await ask('4111 1111 1111 1111')).body).toEqual({ valid: true })
    expect((await ask('4111 1111 1111 1112')).body).toEqual({
      valid: false,
      code: 'luhn',
      detail: 'has a wrong check digit',
    })
  })

  test('who is named by nothing may not call it', async () => {
    const caller = await withRoles(lend(), ['clerk'])
    const answer = await caller.post('/rpc/validation.luhn', { input: '1' })
    expect(answer).toMatchObject({ status: 403, body: { code: '42501' } })
  })

  test('arguments are checked, each fault at its place', async () => {
    const caller = await withRoles(lend(), ['admin'])
    const answer = await caller.post('/rpc/transform.slug', { input: 'a', max: 'ten', mix: 1 })
    expect(answer).toMatchObject({ status: 422, body: { code: 'FUNCTION_ARGUMENTS' } })
    const errors = answer.row.errors as { pointer: string }[]
    expect(errors.map(({ pointer }) => pointer).toSorted()).toEqual(['/max', '/mix'])
    expect((await caller.post('/rpc/validation.luhn', {})).row.errors).toMatchObject([{ pointer: '/input' }])
    for (const body of ['[]', '3', '{', '"x"', '{"__proto__":1}', `${'['.repeat(5000)}`])
      expect((await caller.send('POST', '/rpc/transform.slug', body)).status).toBeGreaterThanOrEqual(400)
  })

  test('what is not callable is not there, and only POST calls', async () => {
    const caller = await withRoles(lend(), ['admin'])
    expect((await caller.post('/rpc/security.password_hash', { input: 'x' })).status).toBe(404)
    expect((await caller.get('/rpc/transform.slug?input=a')).status).toBe(405)
  })
}
