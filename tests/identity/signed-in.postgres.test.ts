/** A supabase-js app whose people have signed in, on Node and in workerd: what they may do, until they may no more. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createKey, revokeKey, suspendTenant } from '@backsaas/migrator'
import { auth } from '@backsaas/plugins/auth'
import { policies } from '@backsaas/plugins/policies'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorker } from '../edge/start-worker.ts'
import { type Fixture, type Served, startFixture } from '../fixture/start-fixture.ts'
import { AUDIENCE, createSignIn, type SignIn } from './sign-in.ts'

const EXAMPLE = fileURLToPath(new URL('../../examples/worker-signed-in/wrangler.jsonc', import.meta.url))
const PLATFORM = { 'content-profile': 'platform', prefer: 'return=representation' }

let signIn: SignIn
let fixture: Fixture
let worker: Served
let folder: string
let anonKey: string

beforeAll(async () => {
  signIn = await createSignIn()
  const issuers = [{ issuer: signIn.issuer, audience: AUDIENCE, jwks: signIn.jwks, users: 'require' } as const]
  const schema = readFileSync(new URL('desk.yaml', import.meta.url), 'utf8')
  const runtime = { plugins: [policies(), auth({ issuers })] }
  folder = mkdtempSync(join(fileURLToPath(new URL('../node_modules', import.meta.url)), 'signed-in-'))
  // In process answers the fixture's runtime; the worker is asked by itself, on the same database.
  const serve = async (database: { readonly url: string }): Promise<Served> => {
    worker = await startWorker(database, { config: configOf(issuers) })
    return worker
  }
  fixture = await startFixture({ database: 'postgres', schemas: [schema], runtime, serve })
  const { key } = await createKey(fixture.database, { tenant: 'acme', name: 'publishable', roles: ['anon'] })
  anonKey = key
})

afterAll(async () => {
  await fixture?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The example's configuration, with an issuer whose keys are given. */
function configOf(issuers: readonly object[]): string {
  const config = JSON.parse(readFileSync(EXAMPLE, 'utf8').replace(/^\s*\/\/.*$/gm, ''))
  const path = join(folder, 'wrangler.json')
  const main = resolve(dirname(EXAMPLE), config.main)
  writeFileSync(path, JSON.stringify({ ...config, main, vars: { ISSUERS: JSON.stringify(issuers) } }))
  return path
}

const onNode = (path: string, init?: RequestInit): Promise<Response> =>
  fixture.runtime.fetch(new Request(`http://localhost${path}`, init))

describe.each([
  ['on Node', () => onNode],
  ['in workerd', () => worker.fetch],
] as const)('a supabase-js app, %s', (where, send) => {
  /** As an app makes it: the publishable key, and whatever token its sign-in has at the moment. */
  function client(token: string | null): SupabaseClient {
    const fetch: typeof globalThis.fetch = (input, init) => {
      const request = new Request(input, init)
      const path = request.url.slice(request.url.indexOf('/', 'http://'.length))
      return send()(path, {
        method: request.method,
        headers: [...request.headers],
        ...(init?.body ? { body: init.body } : {}),
      })
    }
    const options = token === null ? {} : { accessToken: async () => token }
    return createClient('http://app.invalid', anonKey, { ...options, global: { fetch } })
  }

  async function addUser(subject: string, roles: readonly string[]): Promise<string> {
    const { acme } = fixture.tenants
    const added = await acme.post('/users', { issuer: signIn.issuer, subject, email: `${subject}@desk.test` }, PLATFORM)
    expect(added.status).toBe(201)
    const id = String(added.rows[0]?.id)
    for (const role of roles) {
      const { status } = await acme.post('/memberships', { user_id: id, role }, PLATFORM)
      expect(status).toBe(201)
    }
    return id
  }

  test('signed in, it embeds, upserts, counts, and finds no row where there is none', async () => {
    const subject = `ada-${where}`
    const id = await addUser(subject, ['editor'])
    const app = client(await signIn.token(subject))
    const author = await app
      .from('authors')
      .insert({ name: `Ada ${where}` })
      .select()
      .single()
    expect(author.error).toBeNull()
    expect(author.data).toMatchObject({ created_by: id })
    const slug = `hello-${where.replace(' ', '-')}`
    for (const title of ['Hello', 'Hello again']) {
      const { error } = await app
        .from('articles')
        .upsert({ slug, title, published: true, author_id: author.data.id }, { onConflict: 'slug' })
      expect(error).toBeNull()
    }
    const read = await app.from('articles').select('title, author:authors(name)', { count: 'exact' }).eq('slug', slug)
    expect(read).toMatchObject({
      error: null,
      count: 1,
      data: [{ title: 'Hello again', author: { name: `Ada ${where}` } }],
    })
    const none = await app.from('articles').select().eq('slug', 'no-such').single()
    expect(none).toMatchObject({ status: 406, error: { code: 'PGRST116' } })
  })

  test('not signed in, it sees what anon may, and no more', async () => {
    const editor = client(await signIn.token(`ada-${where}`))
    await editor.from('articles').insert({ slug: `draft-${where.replace(' ', '-')}`, title: 'Draft' })
    const { data, error } = await client(null).from('articles').select('title, published')
    expect(error).toBeNull()
    expect(data?.length).toBeGreaterThan(0)
    expect(data?.every(({ published }) => published)).toBe(true)
    expect((await client(null).from('articles').insert({ slug: 'x', title: 'X' })).error?.code).toBe('42501')
  })

  test('signed in elsewhere, or with a token of no membership, it may nothing', async () => {
    const stranger = await createSignIn()
    const forged = await client(await stranger.token('ada'))
      .from('articles')
      .select()
    expect(forged).toMatchObject({ status: 401, error: { code: 'PGRST301' } })
    const unknown = await client(await signIn.token('nobody'))
      .from('articles')
      .select()
    expect(unknown).toMatchObject({ status: 403, error: { code: '42501' } })
    const late = await client(await signIn.token(`ada-${where}`, {}, -60))
      .from('articles')
      .select()
    expect(late).toMatchObject({ status: 401, error: { code: 'PGRST303', message: 'JWT expired' } })
    const abroad = await client(await signIn.token('ada', { tenant: 'globex' }))
      .from('articles')
      .select()
    expect(abroad).toMatchObject({ status: 400, error: { code: 'TENANT_MISMATCH' } })
  })

  test('its role revoked, it is denied within 15 seconds; suspended, it is too', async () => {
    const subject = `eve-${where}`
    const id = await addUser(subject, ['editor'])
    const app = client(await signIn.token(subject))
    const tried = async (): Promise<number> => (await app.from('articles').select('id').limit(1)).status
    expect(await tried()).toBe(200)
    const { acme } = fixture.tenants
    const bites = async (expected: (error: unknown) => boolean): Promise<number> => {
      const from = performance.now()
      for (;;) {
        const { error } = await app.from('articles').select('id').limit(1)
        const seconds = (performance.now() - from) / 1000
        if (expected(error) || seconds > 20) return seconds
        await new Promise((resolve) => setTimeout(resolve, 250))
      }
    }
    expect((await acme.delete(`/memberships?user_id=eq.${id}`, PLATFORM)).status).toBe(200)
    const role = await bites((error) => (error as { code?: string } | null)?.code === '42501')
    expect((await acme.patch(`/users?id=eq.${id}`, { status: 'suspended' }, PLATFORM)).status).toBe(200)
    const user = await bites((error) => (error as { code?: string } | null)?.code === 'USER_SUSPENDED')
    console.log(`${where}: role gone after ${role.toFixed(1)} s, user suspended after ${user.toFixed(1)} s`)
    expect([role < 15, user < 15]).toEqual([true, true])
  })

  test('a key revoked, and a tenant suspended, are refused within 15 seconds', async () => {
    const { slug } = await fixture.newTenant()
    const made = await Promise.all(
      ['kept', 'revoked'].map((name) => createKey(fixture.database, { tenant: slug, name, roles: ['admin'] })),
    )
    const status = async (key = ''): Promise<number> =>
      (await send()('/rest/v1/articles?limit=1', { headers: { apikey: key } })).status
    const bites = async (key: string | undefined): Promise<number> => {
      const from = performance.now()
      for (;;) {
        const seconds = (performance.now() - from) / 1000
        if ((await status(key)) !== 200 || seconds > 20) return seconds
        await new Promise((resolve) => setTimeout(resolve, 250))
      }
    }
    for (const { key } of made) expect(await status(key)).toBe(200)
    const [kept, revoked] = made
    await revokeKey(fixture.database, { tenant: slug, prefix: revoked?.key.split('_')[2] ?? '' })
    const key = await bites(revoked?.key)
    expect(await status(kept?.key)).toBe(200)
    await suspendTenant(fixture.database, slug)
    const tenant = await bites(kept?.key)
    console.log(`${where}: key gone after ${key.toFixed(1)} s, tenant suspended after ${tenant.toFixed(1)} s`)
    expect([key < 15, tenant < 15]).toEqual([true, true])
  })
})
