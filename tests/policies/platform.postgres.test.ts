/** The registry's own rules as a matrix: who may do what with its rows, and whose rows they see. */
import { readFileSync } from 'node:fs'
import { compileSchema, PLATFORM_FUNCTIONS } from '@backsaas/core/language'
import { createKey } from '@backsaas/migrator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Caller } from './evaluate.ts'
import { type Served, serve } from './serve.ts'

const PLATFORM = compileSchema(readFileSync(new URL('../../schemas/platform.yaml', import.meta.url), 'utf8'), {
  functions: PLATFORM_FUNCTIONS,
})
const ACTIONS = ['read', 'create', 'update', 'delete'] as const
type Action = (typeof ACTIONS)[number]

/** By name: of which tenant, with which roles. `key` is one of the tenant's API keys, by its own id. */
const CALLERS: Readonly<Record<string, { readonly tenant: string; readonly roles: readonly string[] }>> = {
  platform: { tenant: 'system', roles: ['admin'] },
  admin: { tenant: 'acme', roles: ['admin'] },
  member: { tenant: 'acme', roles: ['member'] },
  key: { tenant: 'acme', roles: ['member'] },
  both: { tenant: 'acme', roles: ['member', 'admin'] },
  /** Of a role that is one of the tenant's schema, and none of the platform's. */
  sales: { tenant: 'acme', roles: ['sales'] },
  nobody: { tenant: 'acme', roles: [] },
  anonymous: { tenant: 'acme', roles: ['anonymous'] },
}

const ADMINS = ['platform', 'admin', 'both']
const MEMBERS = [...ADMINS, 'member', 'key']
const ALL = { read: ADMINS, create: ADMINS, update: ADMINS, delete: ADMINS }
/** What is not listed of an entity must be denied. */
const MATRIX: Readonly<Record<string, Partial<Record<Action, readonly string[]>>>> = {
  schemas: { read: MEMBERS, update: ADMINS },
  schema_versions: { read: MEMBERS },
  installs: { read: MEMBERS },
  policies: ALL,
  api_keys: { read: MEMBERS },
  drafts: ALL,
  jobs: { read: ADMINS, create: ADMINS },
  users: { ...ALL, read: MEMBERS },
  memberships: { ...ALL, read: MEMBERS },
  invitations: { read: ADMINS, delete: ADMINS },
  identity_providers: ALL,
  settings: { ...ALL, read: MEMBERS },
  function_settings: ALL,
  function_tests: ALL,
  notifications: { read: MEMBERS, update: MEMBERS, delete: MEMBERS },
}
/** Of every other entity. */
const OTHERWISE: (typeof MATRIX)[string] = { read: ADMINS }

/** What is given to a create and to an update, where nothing at all would be refused for another reason. */
const GIVEN: Readonly<Record<string, Partial<Record<Action, object>>>> = {
  policies: {
    create: { schema: 'notes', role: 'sales', entity: 'notes', action: 'read' },
    update: { description: 'x' },
  },
  jobs: { create: { kind: 'validate_schema', input: {} } },
  schemas: { update: { shared: true } },
  notifications: { update: { read_at: '2026-01-31T00:00:00Z' } },
}

test('every function of the registry is named in its schema, and no other', () => {
  expect(Object.keys(PLATFORM.functions ?? {}).sort()).toEqual(PLATFORM_FUNCTIONS.map(({ name }) => name).sort())
})

let served: Served
let keyId: string

beforeAll(async () => {
  served = await serve()
  await served.publish(
    '{ schema: notes, roles: { sales: {} }, entities: { notes: { fields: { body: { type: text } } } } }',
  )
  for (const slug of ['system', 'acme', 'globex']) {
    const { id } = await createKey(served.fixture.database, { tenant: slug, name: 'matrix' })
    if (slug === 'acme') keyId = id
  }
})
afterAll(() => served?.close())

async function ask(name: string, method: string, path: string, body?: object): Promise<[number, unknown]> {
  const { tenant, roles } = CALLERS[name] ?? { tenant: '', roles: [] }
  const kind: Caller['kind'] = name === 'anonymous' ? 'anonymous' : 'user'
  const caller: Caller = { id: name === 'key' ? keyId : '018f0000-0000-7000-8000-000000000001', kind, roles }
  const headers = { 'accept-profile': 'platform', 'content-profile': 'platform', prefer: 'tx=rollback' }
  const came = await served.send(tenant, caller, { method, path, headers, ...(body ? { body } : {}) })
  return [came.status, came.body]
}

const NOWHERE = 'id=eq.018f0000-0000-7000-8000-00000000ffff'

async function attempt(name: string, entity: string, action: Action): Promise<number> {
  const given = GIVEN[entity]?.[action] ?? {}
  const [status] = await {
    read: () => ask(name, 'GET', `/${entity}`),
    create: () => ask(name, 'POST', `/${entity}`, given),
    update: () => ask(name, 'PATCH', `/${entity}?${NOWHERE}`, given),
    delete: () => ask(name, 'DELETE', `/${entity}?${NOWHERE}`),
  }[action]()
  return status
}

test('the matrix is of entities that there are', () => {
  expect(Object.keys(MATRIX).filter((entity) => !Object.hasOwn(PLATFORM.entities, entity))).toEqual([])
})

describe.each(Object.keys(PLATFORM.entities))('%s', (entity) => {
  test.each(ACTIONS)('%s', async (action) => {
    const allowed = (MATRIX[entity] ?? OTHERWISE)[action] ?? []
    const found: Record<string, boolean> = {}
    for (const name of Object.keys(CALLERS)) {
      const status = await attempt(name, entity, action)
      expect(status, name).toBeLessThan(500)
      // What is refused for any other reason was let through by the rules.
      found[name] = status !== 401 && status !== 403
    }
    const right = Object.fromEntries(Object.keys(CALLERS).map((name) => [name, allowed.includes(name)]))
    expect(found).toEqual(right)
  })
})

test('an admin sees the rows of their own tenant, the platform’s those of the platform, nobody another’s', async () => {
  const names = async (name: string, path: string): Promise<unknown> => (await ask(name, 'GET', path))[1]
  expect(await names('admin', '/tenants?select=slug')).toEqual([])
  expect(await names('platform', '/tenants?select=slug&slug=in.(acme,globex)&order=slug')).toEqual([
    { slug: 'acme' },
    { slug: 'globex' },
  ])
  for (const entity of ['api_keys', 'installs']) {
    const [own, theirs] = [
      await names('admin', `/${entity}?select=id`),
      await names('platform', `/${entity}?select=id`),
    ]
    expect((own as unknown[]).length, entity).toBeGreaterThan(0)
    for (const row of own as unknown[]) expect(theirs).not.toContainEqual(row)
  }
})

test('a member sees of the keys its own, and nothing else of them', async () => {
  expect(await ask('key', 'GET', '/api_keys?select=id')).toEqual([200, [{ id: keyId }]])
  expect(await ask('member', 'GET', '/api_keys?select=id')).toEqual([200, []])
  const [, all] = await ask('admin', 'GET', '/api_keys?select=id')
  expect(all).toContainEqual({ id: keyId })
  for (const name of ['key', 'admin', 'platform'])
    expect(await ask(name, 'GET', '/api_keys?select=hash')).toMatchObject([400, { code: '42703' }])
})
