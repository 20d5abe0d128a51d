/** Rows of a seed may refer to rows inserted before them. */
import { expect, test } from 'vitest'
import { clearTenant, seedTenant } from './seed-tenant.ts'

const access = { restUrl: 'http://local/t/acme/rest/v1', apiKey: 'bsk_key' }
const seed = {
  companies: [{ name: 'Initech' }, { name: 'Hooli' }],
  contacts: [{ email: 'a@b.example', company_id: { $row: 'companies.1', field: 'id' }, meta: { a: 1 } }],
}

test('rows go in entity by entity, with the values that earlier rows got', async () => {
  const { calls, fetch } = record()
  await seedTenant(fetch, access, seed)
  expect(calls).toEqual([
    ['POST', '/t/acme/rest/v1/companies', [{ name: 'Initech' }, { name: 'Hooli' }]],
    ['POST', '/t/acme/rest/v1/contacts', [{ email: 'a@b.example', company_id: 'companies-1', meta: { a: 1 } }]],
  ])
})

test('a reference to a row that is not there is refused', async () => {
  const { fetch } = record()
  const wrong = { contacts: [{ company_id: { $row: 'companies.1', field: 'id' } }] }
  await expect(seedTenant(fetch, access, wrong)).rejects.toMatchObject({ code: 'SEED_REFUSED' })
})

test("the API's refusal is told with its reason", async () => {
  const refuse = async (): Promise<Response> => Response.json({ message: 'no such field' }, { status: 400 })
  const expected = { code: 'SEED_REFUSED', details: '{"message":"no such field"}' }
  await expect(seedTenant(refuse, access, seed)).rejects.toMatchObject(expected)
})

test('rows are deleted in the opposite order', async () => {
  const { calls, fetch } = record()
  await clearTenant(fetch, access, seed)
  expect(calls.map(([method, path]) => `${method} ${path}`)).toEqual([
    'DELETE /t/acme/rest/v1/contacts',
    'DELETE /t/acme/rest/v1/companies',
  ])
})

/** An API that gives every row an id by its entity and place. */
function record(): {
  readonly calls: (readonly [string, string, unknown])[]
  fetch(request: Request): Promise<Response>
} {
  const calls: (readonly [string, string, unknown])[] = []
  return {
    calls,
    async fetch(request) {
      expect(request.headers.get('apikey')).toBe(access.apiKey)
      const { pathname } = new URL(request.url)
      const rows = request.method === 'POST' ? await request.json() : []
      calls.push([request.method, pathname, rows])
      const entity = pathname.split('/').at(-1)
      return Response.json(rows.map((row: object, place: number) => ({ ...row, id: `${entity}-${place}` })))
    },
  }
}
