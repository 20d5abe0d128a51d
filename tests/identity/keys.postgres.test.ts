/** Keys and invitations that a tenant's admins make over HTTP, callers who bring nothing, and the log of all of it. */
import { readFileSync } from 'node:fs'
import { createKey, revokeKey, verifyAudit } from '@backsaas/migrator'
import { auth } from '@backsaas/plugins/auth'
import { policies } from '@backsaas/plugins/policies'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, readAnswer } from '../fixture/answer.ts'
import type { Caller } from '../fixture/caller.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { AUDIENCE, createSignIn, type SignIn } from './sign-in.ts'

const PLATFORM = { 'content-profile': 'platform', 'accept-profile': 'platform', prefer: 'return=representation' }

let signIn: SignIn
let fixture: Fixture
let acme: Caller

beforeAll(async () => {
  signIn = await createSignIn()
  const issuers = [{ issuer: signIn.issuer, audience: AUDIENCE, jwks: signIn.jwks, users: 'require' } as const]
  const schema = readFileSync(new URL('desk.yaml', import.meta.url), 'utf8')
  const runtime = { plugins: [policies(), auth({ issuers })] }
  fixture = await startFixture({ database: 'postgres', schemas: [schema], runtime, naming: 'scrambled' })
  acme = fixture.tenants.acme
  await acme.add('articles', [
    { slug: 'one', title: 'One', published: true },
    { slug: 'two', title: 'Two', published: false },
  ])
})
afterAll(() => fixture?.close())

const rpc = (name: string, body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  acme.post(`/rpc/${name}`, body, { ...PLATFORM, ...headers })

async function as(key: string, method: string, path: string, body?: object): Promise<Answer> {
  const headers = { apikey: key, 'content-type': 'application/json' }
  const init = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) }
  return readAnswer(await fixture.fetch(`/rest/v1${path}`, init))
}

const json = (answer: Answer): Record<string, unknown> => JSON.parse(answer.text)

describe('keys', () => {
  test('are made by admins, shown once, and only their hash is kept', async () => {
    const made = await rpc('create_api_key', { name: 'reader', roles: ['reader'] })
    expect(made.status).toBe(201)
    const { key, id } = json(made)
    expect((await as(String(key), 'GET', '/articles?select=slug')).status).toBe(200)
    const told = await acme.get(`/api_keys?id=eq.${id}`, PLATFORM)
    expect(told.text).not.toContain(String(key).slice(-43))
    expect(Object.keys(told.rows[0] ?? {})).not.toContain('hash')
    expect((await acme.get('/api_keys?select=hash', PLATFORM)).status).toBe(400)
  })

  test('do what their scopes reach, and know nothing else', async () => {
    const made = await rpc('create_api_key', { name: 'narrow', roles: ['admin'], scopes: ['articles:read'] })
    const key = String(json(made).key)
    expect((await as(key, 'GET', '/articles?select=slug,title')).rows).toHaveLength(2)
    expect((await as(key, 'GET', '/authors')).status).toBe(403)
    expect((await as(key, 'GET', '/articles?select=slug,author:authors(name)')).status).toBe(400)
    expect((await as(key, 'POST', '/articles', { slug: 'x', title: 'X' })).status).toBe(403)
    expect((await as(key, 'DELETE', '/articles?slug=eq.one')).status).toBe(403)
    const headers = { apikey: key, ...PLATFORM, 'content-type': 'application/json' }
    const escalated = await fixture.fetch('/rest/v1/rpc/create_api_key', {
      method: 'POST',
      headers,
      body: JSON.stringify({ name: 'wide', roles: ['admin'] }),
    })
    expect(escalated.status).toBe(403)
  })

  test('are rotated: the new secret at once, the old one for as long as is said', async () => {
    const made = json(await rpc('create_api_key', { name: 'turning', roles: ['reader'] }))
    const turned = json(await rpc('rotate_api_key', { id: made.id, grace_seconds: 600 }))
    expect(turned.prefix).toBe(made.prefix)
    for (const key of [made.key, turned.key]) expect((await as(String(key), 'GET', '/articles')).status).toBe(200)
    const again = json(await rpc('rotate_api_key', { id: made.id, grace_seconds: 0 }))
    await expect
      .poll(async () => (await as(String(turned.key), 'GET', '/articles')).status, { timeout: 15_000 })
      .toBe(401)
    expect((await as(String(again.key), 'GET', '/articles')).status).toBe(200)
  })

  test('revoked are refused within 15 seconds, and cannot be rotated', async () => {
    const made = json(await rpc('create_api_key', { name: 'gone', roles: ['reader'] }))
    expect((await as(String(made.key), 'GET', '/articles')).status).toBe(200)
    const from = performance.now()
    for (let i = 0; i < 2; i++) expect((await rpc('revoke_api_key', { id: made.id })).status).toBe(200)
    await expect
      .poll(async () => (await as(String(made.key), 'GET', '/articles')).status, { timeout: 15_000 })
      .toBe(401)
    console.log(`a key revoked is refused after ${((performance.now() - from) / 1000).toFixed(1)} s`)
    expect(json(await rpc('rotate_api_key', { id: made.id }))).toMatchObject({ code: 'KEY_UNKNOWN' })
  })

  test('that were used are noted, without a change of the key', async () => {
    const made = json(await rpc('create_api_key', { name: 'used', roles: ['reader'] }))
    await as(String(made.key), 'GET', '/articles')
    const uses = async (): Promise<readonly unknown[]> =>
      (await acme.get(`/key_uses?key_id=eq.${made.id}&select=last_used_at,key:api_keys(revision)`, PLATFORM)).rows
    await expect.poll(uses, { timeout: 10_000 }).toEqual([{ last_used_at: expect.any(String), key: { revision: 1 } }])
  })

  test.each<[string, string, object, number]>([
    ['a role that no schema knows', 'create_api_key', { name: 'x', roles: ['emperor'] }, 422],
    ['a scope that is none', 'create_api_key', { name: 'x', roles: ['reader'], scopes: ['everything'] }, 422],
    ['an end in the past', 'create_api_key', { name: 'x', roles: ['reader'], expires_at: '2020-01-01' }, 422],
    ['a hash of one’s own', 'create_api_key', { name: 'x', roles: ['reader'], hash: '0'.repeat(64) }, 422],
    ['no roles', 'create_api_key', { name: 'x', roles: [] }, 422],
    ['an id that is none', 'revoke_api_key', { id: 'x&select=hash' }, 422],
    ['a key of nobody', 'revoke_api_key', { id: '018f0000-0000-7000-8000-00000000dead' }, 404],
    ['grace without end', 'rotate_api_key', { id: '018f0000-0000-7000-8000-00000000dead', grace_seconds: 1e12 }, 422],
  ])('%s is refused', async (_name, name, body, status) => {
    expect((await rpc(name, body)).status).toBe(status)
  })

  test('are made by no other role, and under no other profile', async () => {
    const reader = json(await rpc('create_api_key', { name: 'r', roles: ['reader'] }))
    const headers = { apikey: String(reader.key), ...PLATFORM, 'content-type': 'application/json' }
    const body = JSON.stringify({ name: 'x', roles: ['admin'] })
    expect((await fixture.fetch('/rest/v1/rpc/create_api_key', { method: 'POST', headers, body })).status).toBe(403)
    expect((await acme.post('/rpc/create_api_key', { name: 'x', roles: ['admin'] })).status).toBe(404)
    const foreign = await fixture.tenants.globex.post('/rpc/revoke_api_key', { id: reader.id }, PLATFORM)
    expect(foreign.status).toBe(404)
  })
})

describe('who brings nothing', () => {
  const ask = async (path: string): Promise<Answer> => readAnswer(await fixture.fetch(path))

  test('is let in as anon where the tenant says so, and sees what anon may', async () => {
    expect((await ask('/t/acme/rest/v1/articles')).status).toBe(401)
    expect((await acme.post('/settings', { anonymous: true }, PLATFORM)).status).toBe(201)
    await expect.poll(async () => (await ask('/t/acme/rest/v1/articles')).status, { timeout: 15_000 }).toBe(200)
    const { rows } = await ask('/t/acme/rest/v1/articles?select=slug')
    expect(rows).toEqual([{ slug: 'one' }])
    expect((await ask('/t/acme/rest/v1/authors')).status).toBe(401)
    expect((await ask('/t/globex/rest/v1/articles')).status).toBe(401)
    expect((await ask('/rest/v1/articles')).status).toBe(401)
  })
})

describe('invitations', () => {
  async function signedIn(subject: string, name: string, body: object): Promise<Answer> {
    const headers = {
      authorization: `Bearer ${await signIn.token(subject)}`,
      'content-type': 'application/json',
      ...PLATFORM,
    }
    return readAnswer(
      await fixture.fetch(`/rest/v1/rpc/${name}`, { method: 'POST', headers, body: JSON.stringify(body) }),
    )
  }

  test('make who has signed in a user with roles, once', async () => {
    const invited = json(await rpc('create_invitation', { email: 'ada@desk.test', roles: ['editor'] }))
    const accepted = await signedIn('ada', 'accept_invitation', { token: invited.token })
    expect(json(accepted)).toMatchObject({ user_id: expect.any(String), roles: ['editor'] })
    expect(json(await signedIn('eve', 'accept_invitation', { token: invited.token }))).toMatchObject({
      code: 'INVITATION_INVALID',
    })
    const authorization = `Bearer ${await signIn.token('ada')}`
    const write = async (): Promise<number> => {
      const body = JSON.stringify({ name: 'Ada' })
      const headers = { authorization, 'content-type': 'application/json' }
      return (await fixture.fetch('/rest/v1/authors', { method: 'POST', headers, body })).status
    }
    await expect.poll(write, { timeout: 15_000 }).toBe(201)
  })

  test('are accepted by one of many who try at once', async () => {
    const { token } = json(await rpc('create_invitation', { email: 'b@desk.test', roles: ['reader'] }))
    const tries = await Promise.all([1, 2, 3, 4, 5].map((n) => signedIn(`racer-${n}`, 'accept_invitation', { token })))
    expect(tries.filter(({ status }) => status === 200)).toHaveLength(1)
    const users = await acme.get('/users?subject=like.racer-*&select=memberships(role)', PLATFORM)
    expect(users.rows).toEqual([{ memberships: [{ role: 'reader' }] }])
  })

  test('revoked, foreign or made up are not; nor by who has not signed in', async () => {
    const { token, id } = json(await rpc('create_invitation', { email: 'c@desk.test', roles: ['reader'] }))
    expect((await rpc('accept_invitation', { token })).status).toBe(403)
    expect((await rpc('revoke_invitation', { id })).status).toBe(200)
    const foreign = json(
      await fixture.tenants.globex.post('/rpc/create_invitation', { email: 'd@x.test', roles: ['reader'] }, PLATFORM),
    )
    for (const tried of [token, foreign.token, `${token}x`, 'bsi_1', "' or 1=1"])
      expect(json(await signedIn('carl', 'accept_invitation', { token: tried }))).toMatchObject({
        code: 'INVITATION_INVALID',
      })
  })
})

describe('the audit log', () => {
  test('has every act: over REST, by functions, by the command, with who did it and what changed', async () => {
    const { key } = await createKey(fixture.database, { tenant: 'acme', name: 'by command' })
    await revokeKey(fixture.database, { tenant: 'acme', prefix: key.split('_')[2] ?? '' })
    const policy = { schema: 'desk', role: 'reader', entity: 'articles', action: 'delete', effect: 'deny' }
    const [{ id } = {}] = (await acme.post('/policies', policy, PLATFORM)).rows as { id?: string }[]
    await acme.patch(`/policies?id=eq.${id}`, { description: 'none' }, PLATFORM)
    await acme.delete(`/policies?id=eq.${id}`, PLATFORM)
    const { rows } = await acme.get(
      `/audit_log?row_id=eq.${id}&order=position&select=action,entity,actor,change`,
      PLATFORM,
    )
    expect(rows.map(({ action }) => action)).toEqual(['create', 'update', 'delete'])
    expect(rows[1]).toEqual({
      action: 'update',
      entity: 'policies',
      actor: { kind: 'key', id: expect.any(String) },
      change: { description: [null, 'none'] },
    })
    const keys = await acme.get(
      '/audit_log?entity=eq.api_keys&order=position.desc&select=action,actor,change',
      PLATFORM,
    )
    expect(keys.rows.slice(0, 2)).toMatchObject([
      { action: 'update', actor: { kind: 'operator' }, change: { revoked_at: [null, expect.any(String)] } },
      { action: 'create', actor: { kind: 'operator' }, change: { hash: 'changed' } },
    ])
    expect(keys.text).not.toMatch(/[0-9a-f]{64}/)
  })

  test('is read by admins of the tenant alone, and written by nobody', async () => {
    const reader = json(await rpc('create_api_key', { name: 'r', roles: ['reader'] }))
    const headers = { apikey: String(reader.key), ...PLATFORM }
    expect((await fixture.fetch('/rest/v1/audit_log', { headers })).status).toBe(403)
    expect((await acme.patch('/audit_log?position=eq.1', { entity: 'x' }, PLATFORM)).status).toBe(403)
    expect((await acme.delete('/audit_log?position=eq.1', PLATFORM)).status).toBe(403)
    const { rows } = await fixture.tenants.globex.get('/audit_log?select=change', PLATFORM)
    expect(JSON.stringify(rows)).not.toContain('ada@desk.test')
  })

  test('stays in order under writers at once, and is whole', async () => {
    const users = Array.from({ length: 40 }, (_, n) => ({ issuer: 'https://x.test', subject: `many-${n}` }))
    const added = await Promise.all(users.map((user) => acme.post('/users', user, PLATFORM)))
    expect(added.every(({ status }) => status === 201)).toBe(true)
    const verdict = await verifyAudit(fixture.database, { tenant: 'acme' })
    expect(verdict.broken).toBeNull()
    expect(verdict.entries).toBeGreaterThan(60)
    const later = await verifyAudit(fixture.database, { tenant: 'acme', head: verdict.head ?? '' })
    expect(later.broken).toBeNull()
    expect((await verifyAudit(fixture.database, { tenant: 'system' })).broken).toBeNull()
  })

  test('tells what was changed or taken out by who could pass its triggers', async () => {
    const [row] = await fixture.ownerQuery(
      `select mapping from backsaas.versions where compiled like '%"audit_log"%' order by version desc limit 1`,
    )
    const { schema, entities } = JSON.parse(row?.[0] ?? '{}')
    const { table: name, columns } = entities.audit_log
    const table = `"${schema}"."${name}"`
    const mine = `tenant_id = '${acme.id}'`
    const put = (sql: string): Promise<unknown> => fixture.ownerQuery(sql)
    await expect(put(`update ${table} set "${columns.entity}" = 'x' where ${mine}`)).rejects.toThrow()
    await expect(put(`truncate ${table}`)).rejects.toThrow()
    await put(`alter table ${table} disable trigger user`)
    const at = (n: number): string => `${mine} and "${columns.position}" = ${n}`
    const before = await verifyAudit(fixture.database, { tenant: 'acme' })
    await put(`update ${table} set "${columns.change}" = '{"role": [null, "reader"]}' where ${at(7)}`)
    expect((await verifyAudit(fixture.database, { tenant: 'acme' })).broken).toMatchObject({ position: 7 })
    await put(`delete from ${table} where ${at(7)}`)
    expect((await verifyAudit(fixture.database, { tenant: 'acme' })).broken).toEqual({
      position: 7,
      reason: 'entry 7 is gone',
    })
    const last = `(select max("${columns.position}") from ${table} where ${mine})`
    const { globex } = fixture.tenants
    const head = (await verifyAudit(fixture.database, { tenant: 'globex' })).head ?? ''
    await put(
      `delete from ${table} where tenant_id = '${globex.id}' and "${columns.position}" = ${last.replace(acme.id, globex.id)}`,
    )
    expect((await verifyAudit(fixture.database, { tenant: 'globex', head })).broken?.reason).toContain('head')
    expect(before.broken).toBeNull()
  })
})
