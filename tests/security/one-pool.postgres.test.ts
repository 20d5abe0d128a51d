/** 25, 30: two tenants on one pool, interleaved, aborted, on shared plans: every row goes to whom it belongs. */
import type { DatabaseError, Statement } from '@backsaas/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readAnswer } from '../fixture/answer.ts'
import type { Caller } from '../fixture/caller.ts'
import { type Fixture, SCOPE, startFixture } from '../fixture/start-fixture.ts'

const REQUESTS = 10_000
const AT_ONCE = 40

let fixture: Fixture
beforeAll(async () => {
  fixture = await startFixture({ database: 'postgres', connections: 4 })
  for (const tenant of Object.values(fixture.tenants)) {
    const [company] = await tenant.add('companies', [{ name: `${tenant.slug} company` }])
    const rows = Array.from({ length: 20 }, (_, index) => ({
      email: `${index}@x.example`,
      first_name: tenant.slug,
      company_id: company?.id,
    }))
    await tenant.add('contacts', rows)
  }
})
afterAll(() => fixture?.close())

describe('25: requests of two tenants interleaved', () => {
  test(`${REQUESTS} of them, every seventh aborted, find no foreign row`, async () => {
    let [answered, aborted, next] = [0, 0, 0]
    const work = async (): Promise<void> => {
      while (next < REQUESTS) {
        const index = next++
        const tenant = index % 2 ? fixture.tenants.acme : fixture.tenants.globex
        if (await ask(tenant, index)) answered++
        else aborted++
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    expect(answered + aborted).toBe(REQUESTS)
    expect(answered).toBeGreaterThan(REQUESTS * 0.8)
    for (const tenant of Object.values(fixture.tenants)) {
      const owners = await tenant.get('/contacts?select=first_name')
      expect(new Set(owners.rows.map((row) => row.first_name))).toEqual(new Set([tenant.slug]))
    }
  })
})

const PATHS = [
  '/contacts?select=first_name,company(name)&limit=5',
  '/companies?select=name,contacts(first_name)',
  '/contacts?select=first_name&email=eq.3@x.example',
  '/contacts?select=first_name&order=email.desc&limit=3&offset=2',
]

/** Whether the request was answered; fails the test where the answer holds another tenant's mark. */
async function ask(tenant: Caller, index: number): Promise<boolean> {
  const abort = new AbortController()
  const write = index % 10 === 9
  const body = JSON.stringify({ email: `w${index}@x.example`, first_name: tenant.slug })
  const init: RequestInit = {
    signal: abort.signal,
    headers: { apikey: tenant.key, 'content-type': 'application/json', prefer: 'return=representation' },
    ...(write ? { method: 'POST', body } : {}),
  }
  const path = write ? '/contacts?select=first_name,company(name)' : PATHS[index % PATHS.length]
  const pending = fixture.runtime.fetch(new Request(`http://localhost/rest/v1${path}`, init))
  if (index % 7 === 0) setTimeout(() => abort.abort(), index % 5)
  try {
    const answer = await readAnswer(await pending)
    if (abort.signal.aborted && answer.status >= 400) return false
    expect([200, 201], answer.text).toContain(answer.status)
    const other = tenant.slug === 'acme' ? 'globex' : 'acme'
    expect(answer.text).not.toContain(other)
    expect(answer.text).toContain(tenant.slug)
    return true
  } catch (error) {
    if (abort.signal.aborted) return false
    throw error
  }
}

describe('30: the tenant hangs on the transaction', () => {
  test('every table of every store has RLS, forced, with a policy that reads the setting and asks for no user', async () => {
    const tables = await fixture.ownerQuery(`
      select c.oid::regclass::text, c.relrowsecurity::text, c.relforcerowsecurity::text
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and n.nspname in (select pg_schema from backsaas.placements)`)
    expect(tables.length).toBeGreaterThan(10)
    for (const [table, enabled, forced] of tables) expect([table, enabled, forced]).toEqual([table, 'true', 'true'])
    const policies = await fixture.ownerQuery(`
      select format('%I.%I', schemaname, tablename), permissive, roles::text, coalesce(qual, '') || coalesce(with_check, '')
      from pg_policies where schemaname in (select pg_schema from backsaas.placements)`)
    const restrictive = policies.filter(([, kind]) => kind === 'RESTRICTIVE')
    expect(restrictive).toHaveLength(tables.length)
    for (const [, , roles, text] of restrictive) {
      expect(text).toContain("current_setting('backsaas.tenant'::text)")
      expect(text).not.toMatch(/current_user|session_user|current_role|current_setting\([^)]*,/)
      expect(roles).toBe('{public}')
    }
  })

  test('a statement of the runtime that did not enter fails loudly, on a fresh session and on a used one', async () => {
    const [[table] = []] = await fixture.ownerQuery(`
      select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and n.nspname in (select pg_schema from backsaas.placements)
      and pg_relation_size(c.oid) > 0 order by c.oid desc limit 1`)
    const connection = fixture.database.open(SCOPE, 'runtime')
    for (let round = 0; round < 8; round++) {
      await expect(connection.batch([one(`select count(*) from ${table}`)])).rejects.toMatchObject({
        code: expect.stringMatching(/^(42704|22P02)$/),
      } satisfies Partial<Record<keyof DatabaseError, unknown>>)
      await fixture.tenants.acme.get('/contacts?limit=1')
    }
  })

  test('nothing of a tenant stays on a connection', async () => {
    await Promise.all(Array.from({ length: 20 }, () => fixture.tenants.acme.get('/contacts?limit=1')))
    const connection = fixture.database.open(SCOPE, 'runtime')
    const results = await Promise.all(
      Array.from({ length: 20 }, () => connection.batch([one(`select current_setting('backsaas.tenant', true)`)])),
    )
    expect(new Set(results.map(([result]) => result?.rows[0]?.[0] || ''))).toEqual(new Set(['']))
  })

  test('the runtime may neither bypass nor switch off nor become another', async () => {
    const connection = fixture.database.open(SCOPE, 'runtime')
    const [result] = await connection.batch([
      one(`select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb from pg_roles where rolname = current_user`),
    ])
    expect(result?.rows).toEqual([['f']])
    const others = await fixture.ownerQuery(`select name from backsaas.logins where kind <> 'runtime'`)
    for (const [name] of others) await expect(connection.batch([one(`set role "${name}"`)])).rejects.toThrow()
    await expect(connection.batch([one('select * from backsaas.logins')])).rejects.toThrow()
    await expect(connection.batch([one('update backsaas.fence_tenants set state = $$live$$')])).rejects.toThrow()
  })

  test('one tenant cannot be entered after another in a transaction', async () => {
    const [[placement, version] = []] = await fixture.ownerQuery(
      `select placement_id::text, version::text from backsaas.versions where state = 'live' order by created_at desc limit 1`,
    )
    const enter = (tenant: string): Statement => ({
      text: 'select * from backsaas.enter($1, $2, $3)',
      params: [tenant, placement ?? null, version ?? null],
    })
    const connection = fixture.database.open(SCOPE, 'runtime')
    await expect(
      connection.batch([enter(fixture.tenants.acme.id), enter(fixture.tenants.globex.id)]),
    ).rejects.toMatchObject({ code: 'BS003' })
  })
})

function one(text: string): Statement {
  return { text, params: [], prepare: false }
}
