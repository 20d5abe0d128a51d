/** The Node example: its own sign-in decides who asks, and for which tenant. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type App, createApp } from '../../examples/node-server/src/create-app.ts'
import { setUp } from '../../examples/node-server/src/set-up.ts'
import { createTestDatabase, type TestDatabase } from '../fixture/test-server.ts'

let database: TestDatabase
let server: App

beforeAll(async () => {
  database = await createTestDatabase()
  await setUp(database.url)
  await setUp(database.url)
  server = createApp(database.url, 'secret')
  await server.backsaas.ready()
})
afterAll(async () => {
  await server?.backsaas.close()
  await database?.drop()
})

async function signIn(id: string): Promise<Record<string, string>> {
  const response = await server.app.request('/login', { method: 'POST', body: JSON.stringify({ id }) })
  expect(response.status).toBe(200)
  return { cookie: response.headers.get('set-cookie')?.split(';')[0] ?? '', 'content-type': 'application/json' }
}

test('nobody who has not signed in is let through, an API of ours or of theirs', async () => {
  for (const path of ['/api/rest/v1/contacts', '/report']) {
    expect((await server.app.request(path)).status).toBe(401)
    expect((await server.app.request(path, { headers: { cookie: 'session=ada.forged' } })).status).toBe(401)
  }
  const unknown = await server.app.request('/login', { method: 'POST', body: '{"id":"eve"}' })
  expect(unknown.status).toBe(401)
})

test('whoever has signed in works on the rows of their company, and no other', async () => {
  const [ada, grace] = [await signIn('ada'), await signIn('grace')]
  const body = JSON.stringify({ email: 'bob@acme.example', first_name: 'Bob' })
  const created = await server.app.request('/api/rest/v1/contacts', { method: 'POST', headers: ada, body })
  expect(created.status).toBe(201)
  const report = async (headers: Record<string, string>) => (await server.app.request('/report', { headers })).json()
  expect(await report(ada)).toEqual([{ email: 'bob@acme.example', company: null }])
  expect(await report(grace)).toEqual([])
  const elsewhere = await server.app.request('/api/t/acme/rest/v1/contacts', { headers: grace })
  expect(elsewhere.status).toBe(400)
})
