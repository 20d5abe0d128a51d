/** The registry in workerd, whose bundle has no language: asked there, done by a worker on Node. */
import { startWorker, type Worker } from '@backsaas/migrator'
import { policies } from '@backsaas/plugins/policies'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { type RegistryCaller, registryCaller, SOON, schemaOf } from '../registry/start-registry.ts'
import { type StartedWorker, startWorker as startEdge } from './start-worker.ts'

let fixture: Fixture
let edge: StartedWorker
let worker: Worker
let acme: RegistryCaller

beforeAll(async () => {
  const serve = async (database: { readonly url: string }) => (edge = await startEdge(database))
  fixture = await startFixture({ database: 'postgres', schemas: [], serve, runtime: { plugins: [policies()] } })
  worker = await startWorker(fixture.database, { decide: policies().access.decide })
  acme = registryCaller(fixture.tenants.acme)
})
afterAll(async () => {
  await worker?.close()
  await fixture?.close()
})

test('a schema is published, serves, and has a next version', async () => {
  const first = await acme.rpc('publish_schema', { source: schemaOf('crm') })
  expect([first.status, first.body]).toMatchObject([201, { schema: 'crm', version: 1, created: true }])
  await expect.poll(async () => (await acme.tenant.post('/notes', { title: 'a' })).status, SOON).toBe(201)
  const next = schemaOf('crm', 'body: { type: text }')
  const second = await acme.rpc('publish_schema', next, { 'content-type': 'application/yaml' })
  expect([second.status, second.body]).toMatchObject([201, { version: 2 }])
  const versions = await acme.get('/schema_versions?select=version,source&order=version.desc&limit=1')
  expect(versions.body).toEqual([{ version: 2, source: next }])
})

test('mistakes, conflicts and what is not allowed are told as elsewhere', async () => {
  const mistake = await acme.rpc('publish_schema', { source: schemaOf('crm', 'a: { type: strin }') })
  expect(mistake.row).toMatchObject({ status: 422, code: 'SCHEMA_INVALID', errors: [{ line: 7, column: 18 }] })
  const stale = await acme.rpc('publish_schema', { source: schemaOf('crm', 'c: { type: text }'), base: 1 })
  expect(stale.row).toMatchObject({ status: 409, code: 'VERSION_CONFLICT' })
  expect((await acme.rpc('suspend_tenant', { tenant: 'globex' })).status).toBe(403)
  expect((await acme.rpc('install_schema', { schema: 'x', to: 1 })).row.code).toBe('ARGUMENTS_INVALID')
})

test('without a worker the answer is where the outcome will be', async () => {
  await worker.close()
  const asked = await acme.rpc('validate_schema', { source: schemaOf('later') }, { prefer: 'wait=1' })
  expect([asked.status, asked.headers.get('location')]).toEqual([202, `/rest/v1/jobs/${asked.row.job}`])
  worker = await startWorker(fixture.database)
  const job = async (): Promise<unknown> => (await acme.get(`/jobs/${asked.row.job}?select=status`)).body
  await expect.poll(job, SOON).toEqual({ status: 'succeeded' })
})

test('it shows the JSON Schema of the language that it does not hold', async () => {
  const response = await fixture.fetch('/schemas/schema.json')
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ properties: { entities: { type: 'object' } } })
})

test('nothing goes uncaught', () => {
  expect(edge.logs().filter((line) => /uncaught|unhandled|hang|error/i.test(line))).toEqual([])
})
