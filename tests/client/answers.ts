/** PostgrestBuilder: errors, headers, aborts, retries. */
import { PostgrestError } from '@supabase/postgrest-js'
import { beforeAll, expect, test } from 'vitest'
import { type GalleryClient, type Lend, openClient } from './typed-client.ts'

export function answers(lend: Lend): void {
  let client: GalleryClient
  beforeAll(async () => {
    client = await openClient(lend())
  })

  test('an error has code, message, details and hint', async () => {
    const { data, error, status, statusText } = await client.from('museums').select('nme' as 'name')
    expect([data, status, typeof statusText]).toEqual([null, 400, 'string'])
    expect(error).toMatchObject({
      code: '42703',
      message: 'column museums.nme does not exist',
      details: null,
      hint: 'Perhaps you meant "museums.name".',
    })
  })

  test('an ambiguous embed lists its candidates in details', async () => {
    const { status, error } = await client.from('museums').select('name,paintings(id)' as 'name')
    expect([status, error?.code]).toEqual([300, 'PGRST201'])
    expect(error?.details).toMatchObject([{ cardinality: 'one-to-many' }, { cardinality: 'one-to-many' }])
  })

  test('throwOnError throws a PostgrestError, at every step of a query', async () => {
    const wrong = 'nope' as 'name'
    await expect(client.from('museums').select(wrong).throwOnError()).rejects.toBeInstanceOf(PostgrestError)
    await expect(client.from('museums').select(wrong).eq('id', 1).throwOnError().limit(1)).rejects.toMatchObject({
      code: '42703',
    })
    await expect(client.from('museums').select().throwOnError().single()).rejects.toMatchObject({ code: 'PGRST116' })
    const { data } = await client.from('museums').select('id').eq('id', 1).throwOnError()
    expect(data).toEqual([{ id: 1 }])
  })

  test('abortSignal ends the waiting', async () => {
    const controller = new AbortController()
    const query = client.from('museums').select().abortSignal(controller.signal)
    controller.abort()
    const { error, data } = await query
    expect(data).toBeNull()
    expect(error?.hint).toContain('aborted')
    const calm = await client.from('museums').select('id').eq('id', 1).abortSignal(new AbortController().signal)
    expect(calm.data).toEqual([{ id: 1 }])
  })

  test('setHeader sends a header, retry may be chosen', async () => {
    const { data } = await client
      .from('paintings')
      .select('acquired')
      .eq('id', 1)
      .setHeader('Prefer', 'timezone=America/Los_Angeles')
      .retry(false)
    expect(data).toEqual([{ acquired: '2020-01-01T04:00:00-08:00' }])
  })

  test('numbers beyond what JavaScript counts come whole as text', async () => {
    const { data } = await client.from('paintings').select('serial::text').eq('id', 1).single()
    expect(data).toEqual({ serial: '9007199254740993' })
  })

  test('two clients of two tenants see their own rows', async () => {
    const other = await openClient(lend())
    await other.from('exhibitions').insert({ id: 77, name: 'Theirs' })
    expect((await client.from('exhibitions').select('id').eq('id', 77)).data).toEqual([])
    expect((await other.from('exhibitions').select('id').eq('id', 77)).data).toEqual([{ id: 77 }])
  })
}
