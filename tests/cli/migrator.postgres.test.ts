/** The migrator as a process of its own, on a database that nobody has touched, with a server beside it. */
import { notify } from '@backsaas/adapters/buses/notify'
import { pg } from '@backsaas/adapters/databases/pg'
import type { Database } from '@backsaas/core'
import { createKey, createTenant } from '@backsaas/migrator'
import { functions } from '@backsaas/plugins/functions'
import { createRuntime, type Runtime } from '@backsaas/runtime'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createCaller } from '../fixture/caller.ts'
import { createTestDatabase, type TestDatabase } from '../fixture/test-server.ts'
import { type RegistryCaller, registryCaller, SOON, schemaOf } from '../registry/start-registry.ts'
import { makeFolder, startCli } from './start-process.ts'

const folder = makeFolder()
let server: TestDatabase
let database: Database
let runtime: Runtime
let migrator: ReturnType<typeof startCli>
let acme: RegistryCaller

beforeAll(async () => {
  server = await createTestDatabase()
  const args = ['migrator', '--database', server.url, '--health-port', '0', '--host', '127.0.0.1', '--log', 'text']
  migrator = startCli(args)
  await vi.waitUntil(() => migrator.stdout().includes('/healthz'), { timeout: 100_000 })
  database = pg(server.url, { max: 4 })
  runtime = createRuntime({ database, bus: notify(database), plugins: [functions()] })
  const { id } = await createTenant(database, { slug: 'acme' })
  const { key } = await createKey(database, { tenant: 'acme', name: 'tests' })
  const send = async (path: string, init?: RequestInit): Promise<Response> =>
    runtime.fetch(new Request(`http://localhost${path}`, init))
  acme = registryCaller(createCaller({ slug: 'acme', id, key, send }))
})
afterAll(async () => {
  await runtime?.close()
  folder.remove()
  await server?.drop()
})

test('it has set the database up, and does what is asked for', async () => {
  const published = await acme.rpc('publish_schema', { source: schemaOf('crm') }, { prefer: 'wait=30' })
  expect([published.status, published.body]).toMatchObject([201, { version: 1 }])
  await expect.poll(async () => (await acme.tenant.post('/notes', { title: 'a' })).status, SOON).toBe(201)
})

test('it does what hooks have queued', async () => {
  const hooks = 'hooks: { after_create: [{ use: communication.notify, with: { to: title, title: "New: {{title}}" } }] }'
  const source = `schema: hooked\nentities:\n  calls: { fields: { title: { type: string } }, ${hooks} }\n`
  expect((await acme.rpc('publish_schema', { source }, { prefer: 'wait=30' })).status).toBe(201)
  const profile = { 'content-profile': 'hooked' }
  await expect.poll(async () => (await acme.tenant.post('/calls', { title: 'ada' }, profile)).status, SOON).toBe(201)
  const done = async () => (await acme.get('/function_executions?select=function,status')).body
  await expect.poll(done, SOON).toEqual([{ function: 'communication.notify', status: 'done' }])
})

test('its health is the database’s', async () => {
  const [url = ''] = /http:\S+healthz/.exec(migrator.stdout()) ?? []
  expect((await fetch(url)).status).toBe(200)
  expect((await fetch(url.replace('healthz', 'other'))).status).toBe(404)
})

test('asked to stop, it ends what it does and ends itself', async () => {
  expect(await migrator.stop()).toMatchObject({ code: 0, stderr: '' })
  const asked = await acme.rpc('validate_schema', { source: schemaOf('crm') }, { prefer: 'wait=1' })
  expect(asked.status).toBe(202)
})
