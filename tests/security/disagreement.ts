/** Host, path, header and key that name different tenants are 400, in every combination; equal ones are one tenant. */
import { beforeAll, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import type { Watched } from './watched.ts'

type Place = 'host' | 'path' | 'header'

export function disagreement(lend: Watched): void {
  let acme: Caller
  let globex: Caller
  beforeAll(async () => {
    acme = lend().tenants.acme
    globex = lend().tenants.globex
    await acme.add('companies', [{ name: 'of acme' }])
    await globex.add('companies', [{ name: 'of globex' }])
  })
  /** Asks with a key of acme, naming a tenant in each place given. */
  const ask = async (places: Partial<Record<Place, string>>): Promise<Response> => {
    const host = places.host ? `${places.host}.example.test` : 'localhost'
    const path = `${places.path ? `/t/${places.path}` : ''}/rest/v1/companies?select=name`
    const headers: Record<string, string> = { apikey: acme.key }
    if (places.header) headers['x-tenant'] = places.header
    return lend().runtime.fetch(new Request(`http://${host}${path}`, { headers }))
  }

  test.each<[string, Partial<Record<Place, string>>]>([
    ['by the key alone', {}],
    ['by host', { host: 'acme' }],
    ['by path', { path: 'acme' }],
    ['by header', { header: 'acme' }],
    ['by all of them', { host: 'acme', path: 'acme', header: 'acme' }],
  ])('one tenant %s', async (_, places) => {
    const response = await ask(places)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual([{ name: 'of acme' }])
  })

  test.each<[string, Partial<Record<Place, string>>]>([
    ['host against key', { host: 'globex' }],
    ['path against key', { path: 'globex' }],
    ['header against key', { header: 'globex' }],
    ['host against path', { host: 'globex', path: 'acme' }],
    ['path against host', { host: 'acme', path: 'globex' }],
    ['header against path', { path: 'acme', header: 'globex' }],
    ['header against host', { host: 'acme', header: 'globex' }],
    ['one against two', { host: 'acme', path: 'acme', header: 'globex' }],
  ])('%s is 400', async (_, places) => {
    const response = await ask(places)
    expect(response.status).toBe(400)
    expect(await response.text()).not.toContain('of globex')
  })

  test('a tenant that is not there is a 4xx in every place, and no row comes', async () => {
    for (const place of ['host', 'path', 'header'] as const) {
      const response = await ask({ [place]: 'initech' })
      expect([400, 401, 403, 404]).toContain(response.status)
    }
  })

  test.each(['*', 'a:b', '../acme', 'acme%2f', "acme'--", 'ACME ', 'a'.repeat(300), '%00'])(
    'a tenant called %j is a 4xx',
    async (name) => {
      const byPath = await lend().fetch(`/t/${encodeURIComponent(name)}/rest/v1/companies`, {
        headers: { apikey: acme.key },
      })
      expect([400, 401, 403, 404]).toContain(byPath.status)
    },
  )

  test('two keys of two tenants in one request are refused', async () => {
    const headers = { apikey: acme.key, authorization: `Bearer ${globex.key}` }
    const response = await lend().fetch('/rest/v1/companies', { headers })
    expect([400, 401]).toContain(response.status)
  })
}
