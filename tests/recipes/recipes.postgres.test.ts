/** Each recipe of docs/recipes, run as it stands there. */
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Database } from '@backsaas/core'
import { createKey } from '@backsaas/migrator'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import Provider from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import * as oidc from './oidc.ts'
import * as services from './services.ts'
import * as session from './session.ts'
import * as supabase from './supabase.ts'

let fixture: Fixture
/** The fixture's, which a recipe's runtime may not close. */
let database: Database

beforeAll(async () => {
  const schema = readFileSync(new URL('../identity/desk.yaml', import.meta.url), 'utf8')
  fixture = await startFixture({ database: 'postgres', schemas: [schema] })
  const { close: _close, ...rest } = fixture.database
  database = rest
  await fixture.tenants.acme.add('articles', [
    { slug: 'one', title: 'One', published: true },
    { slug: 'two', title: 'Two', published: false },
  ])
})
afterAll(() => fixture?.close())

test.each(['session', 'supabase', 'oidc', 'services'])('%s is in the documentation as it is run here', (name) => {
  const code = readFileSync(new URL(`${name}.ts`, import.meta.url), 'utf8')
  const told = readFileSync(new URL(`../../docs/recipes/${name}.md`, import.meta.url), 'utf8')
  expect(told).toContain(code.slice(code.indexOf('\n') + 1).trim())
})

test('your own session', async () => {
  const app = session.createApp(database, 'a-secret-of-the-app', async (name, password) =>
    password === 'right' ? { id: name, tenant: 'acme', roles: ['editor'] } : null,
  )
  const login = (password: string): Promise<Response> =>
    Promise.resolve(app.request('/login', { method: 'POST', body: JSON.stringify({ name: 'ada', password }) }))
  expect((await login('wrong')).status).toBe(401)
  const cookie = (await login('right')).headers.get('set-cookie')?.split(';')[0] ?? ''
  expect(cookie).toMatch(/^session=/)
  const read = (path: string, headers: Record<string, string>): Promise<Response> =>
    Promise.resolve(app.request(path, { headers }))
  expect(await (await read('/report', { cookie })).json()).toEqual([{ title: 'One' }, { title: 'Two' }])
  expect((await read('/api/rest/v1/articles', { cookie })).status).toBe(200)
  expect((await read('/api/rest/v1/articles', {})).status).toBe(401)
  expect((await read('/api/rest/v1/articles', { cookie: cookie.replace('editor', 'admin') })).status).toBe(401)
})

test('supabase-js with tokens of your own', async () => {
  const secret = 'a-secret-that-server-and-api-share'
  const api = supabase.createApi(database, secret)
  const { key } = await createKey(fixture.database, { tenant: 'acme', name: 'publishable', roles: ['anon'] })
  const server = await listening((request) => api.fetch(request))
  const app = supabase.createApp(server.url, key, () =>
    supabase.signToken(secret, { id: 'ada', tenant: 'acme', roles: ['editor'] }),
  )
  expect(await app.from('articles').select('title').order('title')).toMatchObject({
    data: [{ title: 'One' }, { title: 'Two' }],
  })
  const visitor = supabase.createApp(server.url, key, async () => key)
  expect(await visitor.from('articles').select('title')).toMatchObject({ data: [{ title: 'One' }] })
  server.close()
})

describe('an OpenID Connect provider', () => {
  let server: Server
  let issuer: string
  beforeAll(async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk = { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'op1' }
    server = createServer((request, response) => provider.callback()(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const provider = new Provider(issuer, {
      jwks: { keys: [jwk as never] },
      clients: [
        {
          client_id: 'ada',
          id_token_signed_response_alg: 'ES256',
          client_secret: 'secret',
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
        },
      ],
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_context, resource) => ({
            scope: 'api',
            audience: resource,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'ES256' } },
          }),
        },
      },
      extraTokenClaims: () => ({ org: 'acme', groups: ['editor', 'admin', 'everyone@example.com'] }),
    })
  })
  afterAll(() => void server?.close())

  async function accessToken(resource: string): Promise<string> {
    const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'api', resource })
    const authorization = `Basic ${btoa('ada:secret')}`
    const response = await fetch(`${issuer}/token`, { method: 'POST', body, headers: { authorization } })
    const { access_token: token } = (await response.json()) as { access_token: string }
    return token
  }

  test('says who asks, by the keys that it publishes', async () => {
    const api = await oidc.createApi(database, issuer, true)
    const ask = async (
      token: string,
      method = 'GET',
      path = '/rest/v1/articles?select=title&order=title',
    ): Promise<Response> =>
      api.fetch(new Request(`http://localhost${path}`, { method, headers: { authorization: `Bearer ${token}` } }))
    const token = await accessToken('urn:example:crm')
    const read = await ask(token)
    expect([read.status, await read.json()]).toEqual([200, [{ title: 'One' }, { title: 'Two' }]])
    // The role `admin` is none that the provider may give: the registry stays closed.
    expect((await ask(token, 'GET', '/t/acme/rest/v1/articles')).status).toBe(200)
    const elsewhere = await ask(await accessToken('urn:example:shop'))
    expect([elsewhere.status, ((await elsewhere.json()) as { code: string }).code]).toEqual([401, 'PGRST303'])
  })
})

test('service to service', async () => {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true })
  const key: JWK = { ...(await exportJWK(privateKey)), alg: 'EdDSA', kid: 's1' }
  const api = services.createApi(database, { keys: [{ ...(await exportJWK(publicKey)), alg: 'EdDSA', kid: 's1' }] })
  expect(await services.readTitles((request) => api.fetch(request), key, 'acme')).toEqual([
    { title: 'One' },
    { title: 'Two' },
  ])
  expect(await services.readTitles((request) => api.fetch(request), key, 'globex')).toEqual([])
})

/** A port for what has to be asked by its URL. */
async function listening(fetch: (request: Request) => Promise<Response>): Promise<{ url: string; close(): void }> {
  const server = createServer(async (asked, response) => {
    const request = new Request(`http://${asked.headers.host}${asked.url}`, {
      method: asked.method ?? 'GET',
      headers: asked.headers as Record<string, string>,
    })
    const answer = await fetch(request)
    response.writeHead(answer.status, [...answer.headers].flat()).end(await answer.text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => void server.close() }
}
