import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { fakeStore } from '../test/fake-store.ts'
import { createRuntime } from './create-runtime.ts'

test('starts in workerd, mounted, and leaves what outlives the answer to the execution context', async () => {
  const backsaas = createRuntime({ database: fakeStore().database })
  const app = new Hono().route('/api', backsaas.app)
  const work: Promise<unknown>[] = []
  const context = {
    waitUntil: (one: Promise<unknown>) => void work.push(one),
    passThroughOnException: () => undefined,
    props: {},
  }
  const response = await app.fetch(new Request('http://localhost/api/healthz'), {}, context)
  expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }])
  expect(work.length).toBeGreaterThan(0)
  const refused = await app.fetch(new Request('http://localhost/api/t/acme/rest/v1/notes'), {}, context)
  expect(refused.headers.get('content-type')).toContain('application/problem+json')
})

test('the data client is loaded and asks the app itself', async () => {
  const backsaas = createRuntime({ database: fakeStore().database })
  await backsaas.ready()
  const { error } = await backsaas.for({ tenant: 'No Slug', id: 'job' }).from('notes').select('id')
  expect(error).toMatchObject({ code: 'TENANT_NAME_INVALID' })
})

test('a schema by its path says what to do instead where there is no such file', async () => {
  const backsaas = createRuntime({ database: fakeStore().database, schemas: ['./crm.yaml'] })
  await expect(backsaas.ready()).rejects.toMatchObject({ code: 'SCHEMA_UNREADABLE', message: /crm\.yaml/ })
})
