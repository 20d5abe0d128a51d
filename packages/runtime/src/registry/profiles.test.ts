import { BackSaasError, SYSTEM_TENANT_ID } from '@backsaas/core'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { ACME, CRM_PLACEMENT, type FakeStore, fakeStore, schemaNamed } from '../../test/fake-store.ts'
import { echo, get, problem } from '../../test/requests.ts'
import { createRuntime } from '../create-runtime.ts'
import type { DataRequest } from '../stages/data-request.ts'

const fake = vi.hoisted(() => ({
  store: null as unknown as FakeStore,
  run: null as unknown as (request: DataRequest) => Promise<Response>,
}))
vi.mock('../stages/run-stages.ts', () => ({
  readRows: (_connection: unknown, _schema: unknown, tenantId: string, entity: string, query: string) =>
    fake.store.readRows(tenantId, entity, query),
  runStages: (request: DataRequest) => fake.run(request),
}))

let store: FakeStore
let acmeKey: string

beforeEach(async () => {
  store = fakeStore()
  fake.store = store
  fake.run = echo
  acmeKey = await store.addKey(ACME)
})

describe('profiles', () => {
  test('a schema given in code is a profile of every tenant, the registry the last', async () => {
    const shop = schemaNamed('shop')
    store.versions.set(`${CRM_PLACEMENT}:7`, { hash: shop.hash, state: 'live' })
    const { fetch } = createRuntime({ database: store.database, plugins: [{ name: 'shop', schema: shop }] })
    const named = await fetch(get('/rest/v1/notes', { apikey: acmeKey, 'accept-profile': 'shop' }))
    expect(await named.json()).toMatchObject({ version: 7 })
    expect(named.headers.get('x-profile')).toBe('shop')
    const unknown = await fetch(get('/rest/v1/notes', { apikey: acmeKey, 'accept-profile': 'nope' }))
    expect(unknown.status).toBe(406)
    expect(await problem(unknown)).toMatchObject({
      code: 'PGRST106',
      message: 'The schema must be one of the following: crm, shop, platform',
    })
  })

  test('the system tenant has the registry only', async () => {
    const key = await store.addKey(SYSTEM_TENANT_ID)
    const { fetch } = createRuntime({ database: store.database })
    const response = await fetch(get('/t/system/rest/v1/tenants', { apikey: key }))
    expect(await response.json()).toMatchObject({ tenant: SYSTEM_TENANT_ID, schema: 'platform' })
  })

  test('a stale schema is read anew and the request run once more; staying stale is 503', async () => {
    store.versions.set(`${CRM_PLACEMENT}:2`, { hash: 'newer', state: 'live' })
    const seen: number[] = []
    const answerOn = fake.run
    fake.run = async (request) => {
      seen.push(request.schema.version)
      if (request.schema.version === 2) return answerOn(request)
      store.rows.set(`${ACME} installs`, [
        { profile: 'crm', placement_id: CRM_PLACEMENT, version: 2, is_default: true },
      ])
      throw new BackSaasError('STALE_SCHEMA', 503, 'the schema is changing')
    }
    const { fetch } = createRuntime({ database: store.database })
    expect((await fetch(get('/rest/v1/notes', { apikey: acmeKey }))).status).toBe(200)
    expect(seen).toEqual([1, 2])
    fake.run = async () => {
      throw new BackSaasError('STALE_SCHEMA', 503, 'the schema is changing')
    }
    expect((await fetch(get('/rest/v1/notes', { apikey: acmeKey }))).status).toBe(503)
  })
})
