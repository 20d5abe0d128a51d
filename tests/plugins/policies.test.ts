/** A tenant's own policies, from the write over HTTP to what they let others see; and the rules of the platform itself. */
import { createKey } from '@backsaas/migrator'
import { policies } from '@backsaas/plugins/policies'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../fixture/answer.ts'
import { type Caller, createCaller } from '../fixture/caller.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'

const SHOP = `
schema: shop
roles: { clerk: {}, auditor: {}, member: {}, admin: {} }
entities:
  orders:
    fields:
      title: { type: string, required: true }
      state: { type: enum, values: [open, closed], default: open }
      secret: { type: string }
    access:
      admin: { read: true, create: true, update: true, delete: true }
`
const PLATFORM = { 'accept-profile': 'platform', 'content-profile': 'platform' }
const BACK = { ...PLATFORM, prefer: 'return=representation' }
/** How long a change may take to bite. */
const BITES = { timeout: 20_000, interval: 500 }

let fixture: Fixture
let admin: Caller
let clerk: Caller
let member: Caller & { readonly keyId: string }

beforeAll(async () => {
  fixture = await startFixture({ database: 'pglite', schemas: [SHOP], runtime: { plugins: [policies()] } })
  admin = await fixture.newTenant()
  clerk = await withRole('clerk')
  member = await withRole('member')
  await admin.add('orders', [
    { title: 'a', state: 'open', secret: 'x' },
    { title: 'b', state: 'closed', secret: 'y' },
  ])
})

afterAll(() => fixture?.close())

async function withRole(role: string): Promise<Caller & { readonly keyId: string }> {
  const { key, id } = await createKey(fixture.database, { tenant: admin.slug, name: role, roles: [role] })
  return { ...createCaller({ slug: admin.slug, id: admin.id, key, send: fixture.fetch }), keyId: id }
}

function problem({ body }: Answer): { readonly code: string; readonly errors: readonly unknown[] } {
  return body as { code: string; errors: unknown[] } // every error is checked to have this shape
}

const READ = { schema: 'shop', role: 'clerk', entity: 'orders', action: 'read' }
const write = (body: unknown): Promise<Answer> => admin.post('/policies', body, BACK)

describe('a policy that does not compile is refused with the place', () => {
  const refused: readonly [string, object, string, string][] = [
    ['an unknown field in `where`', { where: "stat == 'open'" }, '/where', '1:1'],
    ['a bad expression on its second line', { where: "state ==\n 'open' &&" }, '/where', '2:'],
    ['an expression that is no condition', { where: 'title' }, '/where', 'bool'],
    ['an unknown role', { role: 'clrek' }, '/role', 'did you mean `clerk`?'],
    ['an unknown entity', { entity: 'order' }, '/entity', 'did you mean `orders`?'],
    ['an unknown field', { fields: ['title', 'titel'] }, '/fields/1', 'did you mean `title`?'],
    ['an unknown schema', { schema: 'shpo' }, '/schema', 'did you mean `shop`?'],
    ['the platform itself', { schema: 'platform', role: 'admin', entity: 'installs' }, '/schema', 'its own'],
    ['a check of a read', { check: "state == 'open'" }, '/check', 'say `where`'],
    ['a list in Postgres’ own form', { fields: '{title,titel}' }, '/fields/1', 'did you mean `title`?'],
  ]
  for (const [what, change, pointer, detail] of refused) {
    test(what, async () => {
      const answer = await write({ ...READ, ...change })
      expect([answer.status, problem(answer)]).toMatchObject([422, { code: 'POLICY_INVALID' }])
      expect(problem(answer).errors).toMatchObject([{ pointer, detail: expect.stringContaining(detail) }])
      expect((await admin.get('/policies', PLATFORM)).rows).toEqual([])
    })
  }

  test('one of several: none is written', async () => {
    const answer = await write([READ, { ...READ, role: 'nobody' }])
    expect([answer.status, problem(answer).errors]).toMatchObject([422, [{ pointer: '/1/role' }]])
    expect((await admin.get('/policies', PLATFORM)).rows).toEqual([])
  })

  test('a value of the wrong type is refused as anywhere', async () => {
    expect((await write({ ...READ, where: { a: 1 } })).status).toBe(400)
    expect((await write({ ...READ, action: 'reed' })).status).toBe(400)
    expect((await write({ ...READ, fields: 'title' })).status).toBe(400)
  })

  test('an update is judged by the row that it leaves behind', async () => {
    const [row] = (await write({ ...READ, action: 'update', where: "state == 'open'" })).rows
    const path = `/policies/${row?.id}`
    expect((await admin.patch(path, { check: "state != 'closed'" }, PLATFORM)).status).toBe(204)
    const answer = await admin.patch(path, { action: 'delete' }, PLATFORM)
    expect([answer.status, problem(answer).errors]).toMatchObject([422, [{ pointer: '/check' }]])
    expect((await admin.patch(`/policies?id=eq.${row?.id}`, { entity: 'nothing' }, PLATFORM)).status).toBe(422)
    expect((await admin.patch(`/policies?id=in.(${row?.id})`, { role: 'nothing' }, PLATFORM)).status).toBe(422)
    const unnamed = await admin.patch('/policies?role=eq.clerk', { role: 'admin' }, PLATFORM)
    expect([unnamed.status, problem(unnamed).code]).toEqual([400, 'POLICY_WITHOUT_ID'])
    expect((await admin.patch('/policies?role=eq.clerk', { description: 'd' }, PLATFORM)).status).toBe(204)
    const merge = { ...PLATFORM, prefer: 'resolution=merge-duplicates' }
    const merged = await admin.post('/policies', { ...READ, id: row?.id, action: 'delete' }, merge)
    expect([merged.status, problem(merged).errors]).toMatchObject([422, [{ pointer: '/check' }]])
    expect((await admin.delete(path, PLATFORM)).status).toBe(204)
  })
})

test('a policy lets a role in, another shuts it out, and without them it is as before', async () => {
  expect((await clerk.get('/orders')).status).toBe(403)
  const [allow] = (await write({ ...READ, where: "state == 'open'", except: ['secret'] })).rows
  await expect.poll(async () => (await clerk.get('/orders?select=*')).status, BITES).toBe(200)
  const seen = (await clerk.get('/orders?select=*')).rows
  expect(seen).toMatchObject([{ title: 'a' }])
  expect(seen[0]).not.toHaveProperty('secret')
  const [deny] = (await write({ ...READ, effect: 'deny' })).rows
  await expect.poll(async () => (await clerk.get('/orders')).status, BITES).toBe(403)
  expect((await admin.get('/orders?select=title')).rows).toHaveLength(2)
  await admin.delete(`/policies?id=in.(${allow?.id},${deny?.id})`, PLATFORM)
})

test('a tenant has as many policies as can be decided on, and no more', async () => {
  const tenant = await fixture.newTenant()
  const many = Array.from({ length: 1000 }, (_, i) => ({ ...READ, where: `title == '${i}'` }))
  expect((await tenant.post('/policies', many, PLATFORM)).status).toBe(201)
  const answer = await tenant.post('/policies', READ, PLATFORM)
  expect([answer.status, problem(answer).code]).toEqual([422, 'POLICIES_TOO_MANY'])
  const [row] = (await tenant.get('/policies?select=id&limit=1&order=id.desc', PLATFORM)).rows
  expect((await tenant.patch(`/policies/${row?.id}`, { role: 'auditor' }, PLATFORM)).status).toBe(204)
  expect((await tenant.post('/policies', READ, PLATFORM)).status).toBe(422)
})

describe('the rules of the platform', () => {
  const ENTITIES = [
    'tenants',
    'stores',
    'schemas',
    'schema_versions',
    'installs',
    'policies',
    'api_keys',
    'events',
    'drafts',
    'jobs',
    'function_executions',
    'function_secrets',
  ]

  test('an admin reads all of it', async () => {
    for (const entity of ENTITIES)
      expect([entity, (await admin.get(`/${entity}`, PLATFORM)).status]).toEqual([entity, 200])
  })

  test('a member reads schemas, versions, installs and its own key', async () => {
    const may = ['schemas', 'schema_versions', 'installs', 'api_keys']
    for (const entity of ENTITIES) {
      const { status } = await member.get(`/${entity}`, PLATFORM)
      expect([entity, status]).toEqual([entity, may.includes(entity) ? 200 : 403])
    }
    expect((await member.get('/api_keys?select=id', PLATFORM)).rows).toEqual([{ id: member.keyId }])
    expect((await admin.get('/api_keys?select=id', PLATFORM)).rows.length).toBeGreaterThan(1)
  })

  test('a role that it does not know reads nothing', async () => {
    for (const entity of ENTITIES) expect((await clerk.get(`/${entity}`, PLATFORM)).status).toBe(403)
  })

  test('an admin writes policies and drafts, asks for jobs and shares schemas; nobody writes anything else', async () => {
    const theirs = ['policies', 'drafts', 'POST jobs', 'PATCH schemas']
    for (const entity of ENTITIES)
      for (const caller of [admin, member])
        for (const method of ['POST', 'PATCH', 'DELETE']) {
          if (caller === admin && (theirs.includes(entity) || theirs.includes(`${method} ${entity}`))) continue
          const { status } = await caller.send(method, `/${entity}`, method === 'DELETE' ? undefined : {}, PLATFORM)
          expect([method, entity, status]).toEqual([method, entity, 403])
        }
    expect((await member.post('/policies', READ, PLATFORM)).status).toBe(403)
  })
})
