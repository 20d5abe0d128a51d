/** No answer may be kept where another could be served it. */
import { beforeAll, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import type { Watched } from './watched.ts'

export function caching(lend: Watched): void {
  let caller: Caller
  let id: string
  beforeAll(async () => {
    caller = await lend().newTenant()
    id = String((await caller.add('companies', [{ name: 'C' }]))[0]?.id)
  })

  test.each<[string, string, object?]>([
    ['GET', '/companies'],
    ['GET', '/companies/{id}'],
    ['GET', '/companies?select=contacts(*)'],
    ['GET', '/nothing'],
    ['GET', '/companies?x=eq.1'],
    ['POST', '/companies', { name: 'D' }],
    ['POST', '/companies', { nome: 'D' }],
    ['PATCH', '/companies?name=eq.D', { name: 'E' }],
    ['DELETE', '/companies?name=eq.E'],
  ])('%s %s is private, no-store', async (method, path, body) => {
    const answer = await caller.send(method, path.replace('{id}', id), body)
    expect(answer.headers.get('cache-control')).toBe('private, no-store')
  })

  test('refused callers, too', async () => {
    const response = await lend().fetch('/rest/v1/companies')
    expect(response.headers.get('cache-control')).toBe('private, no-store')
  })

  test('an entity tag of one tenant is none of another', async () => {
    const other = await lend().newTenant()
    await other.post('/products', { code: 'ETAG', name: 'theirs' })
    await caller.post('/products', { code: 'ETAG', name: 'mine' })
    const etag = (await other.get('/products/ETAG')).headers.get('etag') ?? ''
    const answer = await caller.get('/products/ETAG?select=name', { 'if-none-match': etag })
    // 304 would tell that the other tenant's row is at the same revision: harmless only where the tag says no more.
    if (answer.status === 200) expect(answer.body).toEqual({ name: 'mine' })
    else expect([answer.status, answer.text]).toEqual([304, ''])
  })
}
