/** `explain_access` by HTTP: what it says is what requests are answered, and it tells nobody more than they may know. */
import { readFile } from 'node:fs/promises'
import type { Identity } from '@backsaas/core'
import { policies } from '@backsaas/plugins/policies'
import { PostgrestClient } from '@supabase/postgrest-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, readAnswer } from '../fixture/answer.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'

const SAL = '018f0000-0000-7000-8000-000000000001'
const EVE = '018f0000-0000-7000-8000-000000000002'
const NOWHERE = '018f0000-0000-7000-8000-00000000dead'

const ADMIN = { tenant: 'acme', id: 'boss', roles: ['admin'] }
const SALES = { tenant: 'acme', id: SAL, roles: ['sales'] }
const LEAD = { tenant: 'acme', id: SAL, roles: ['lead'] }
const AUDITOR = { tenant: 'acme', id: EVE, roles: ['auditor'] }

interface Explained {
  readonly decision: 'allow' | 'deny'
  readonly reason: string
  readonly rules: readonly Readonly<Record<string, unknown>>[]
  readonly sql: string | null
  readonly fields: Readonly<Record<string, string>>
  readonly row: { readonly seen: boolean; readonly fields: readonly string[] } | null
  readonly outcome: { readonly status: number; readonly code: string | null } | null
}

export function explainSuite(database: 'pglite' | 'postgres', naming: 'default' | 'scrambled'): void {
  describe(`explain_access on ${database}`, () => {
    let fixture: Fixture
    let company: string
    let mine: string
    let theirs: string
    let secret: string

    const send = async (identity: Identity, method: string, path: string, body?: unknown): Promise<Answer> =>
      readAnswer(
        await fixture.fetch(`/rest/v1/${path}`, {
          method,
          headers: {
            'x-as': JSON.stringify(identity),
            'content-type': 'application/json',
            prefer: 'return=representation',
          },
          ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        }),
      )
    const ask = (identity: Identity, question: unknown): Promise<Answer> =>
      send(identity, 'POST', 'rpc/explain_access', question)
    const explain = async (identity: Identity, question: unknown): Promise<Explained> => {
      const answer = await ask(identity, question)
      expect(answer.status, answer.text).toBe(200)
      for (const name of fixture.physicalNames) expect(answer.text).not.toContain(name)
      return answer.body as Explained // its members are what the tests look at
    }
    const add = async (entity: string, row: object): Promise<Record<string, unknown>> => {
      const { rows } = await send(ADMIN, 'POST', entity, row)
      return rows[0] ?? {}
    }
    const count = async (): Promise<number> => (await send(ADMIN, 'GET', 'contacts?select=id')).rows.length

    beforeAll(async () => {
      fixture = await startFixture({
        database,
        naming,
        schemas: [await readFile(new URL('crm.yaml', import.meta.url), 'utf8')],
        runtime: {
          plugins: [policies()],
          identify: (c) => {
            const identity = c.req.header('x-as')
            return identity === undefined ? null : JSON.parse(identity)
          },
        },
      })
      company = String((await add('companies', { name: 'Acme', owner_id: EVE, rating: 5 })).id)
      await add('members', { company_id: company, user_id: SAL })
      mine = String(
        (
          await add('contacts', {
            email: 'm@x.org',
            status: 'customer',
            owner_id: SAL,
            phone: '1',
            company_id: company,
          })
        ).id,
      )
      theirs = String((await add('contacts', { email: 't@x.org', owner_id: EVE, salary: 500, phone: '2' })).id)
      secret = String((await add('contacts', { email: 's@x.org', status: 'secret', owner_id: EVE, salary: 50 })).id)
      await add('order_lines', { order_number: '9007199254740993', product: 'a,b', quantity: 5 })
    })
    afterAll(() => fixture?.close())

    describe('of an action as a whole', () => {
      test('who may see some rows is told which, and by which rules', async () => {
        const { decision, rules, sql, fields, row, outcome } = await explain(ADMIN, {
          principal: { roles: ['sales'], id: SAL },
          action: 'read',
          entity: 'contacts',
        })
        expect({ decision, row, outcome }).toEqual({ decision: 'allow', row: null, outcome: null })
        expect(rules).toEqual([
          {
            place: '/entities/contacts/access/sales/read',
            effect: 'allow',
            role: 'sales',
            where: "owner_id == current_user.id || status == 'lead'",
            fields: expect.arrayContaining(['id', 'email', 'status', 'created_at']),
            check: null,
            holds: null,
          },
        ])
        expect(sql).toBe(`("contacts"."owner_id" = current_user.id::uuid or "contacts"."status" = 'lead'::text)`)
        expect(fields).toMatchObject({
          id: 'always',
          email: 'always',
          label: 'always',
          salary: 'never',
          phone: 'never',
        })
      })

      test('a role that inherits has its own rules and those of the other: a field is then seen on some rows', async () => {
        const { rules, fields } = await explain(ADMIN, {
          principal: { roles: ['lead'] },
          action: 'read',
          entity: 'contacts',
        })
        expect(rules.map(({ role }) => role)).toEqual(['sales', 'lead'])
        expect(fields).toMatchObject({ phone: 'sometimes', salary: 'never', email: 'sometimes', id: 'always' })
      })

      test.each([
        [{ roles: ['viewer'] }, 'delete', 'no rule lets "viewer" delete contacts'],
        [{ roles: [] }, 'read', 'no rule lets a caller without roles read contacts'],
        [{ roles: ['sales', 'blocked'] }, 'read', 'it is forbidden by /entities/contacts/access/blocked/deny/read'],
        [{ roles: ['boss'] }, 'read', 'the schema declares no role boss'],
      ])('%j may not %s: %s', async (principal, action, reason) => {
        const explained = await explain(ADMIN, { principal, action, entity: 'contacts' })
        expect(explained).toMatchObject({ decision: 'deny', sql: 'false', reason: expect.stringContaining(reason) })
        expect(new Set(Object.values(explained.fields))).toEqual(new Set(action === 'delete' ? [] : ['never']))
      })

      test('an entity without rules is closed to everybody', async () => {
        expect(
          await explain(ADMIN, { principal: { roles: ['admin'] }, action: 'read', entity: 'locked' }),
        ).toMatchObject({
          decision: 'deny',
          rules: [],
        })
      })

      test('membership is told in the names of the schema', async () => {
        const { sql } = await explain(ADMIN, { principal: { roles: ['sales'] }, action: 'read', entity: 'companies' })
        expect(sql).toContain('exists (select from "crm"."members"')
        expect(sql).toContain('"user_id" = current_user.id::uuid')
      })

      test('fields narrow the question', async () => {
        const of = { principal: { roles: ['sales'], id: SAL }, entity: 'contacts' }
        expect(await explain(ADMIN, { ...of, action: 'read', fields: ['email', 'salary'] })).toMatchObject({
          decision: 'deny',
          reason: 'no rule lets the caller see salary',
          fields: { email: 'always', salary: 'never' },
        })
        expect(await explain(ADMIN, { ...of, action: 'update', fields: ['status'] })).toMatchObject({
          decision: 'allow',
        })
        expect(await explain(ADMIN, { ...of, action: 'update', fields: ['owner_id'] })).toMatchObject({
          decision: 'deny',
        })
        expect(await explain(ADMIN, { ...of, action: 'create', fields: ['owner_id'] })).toMatchObject({
          decision: 'allow',
        })
        expect(await explain(ADMIN, { ...of, action: 'create', fields: ['created_by'] })).toMatchObject({
          decision: 'deny',
        })
      })
    })

    describe('of a row', () => {
      test('reading: seen or not, with the fields that are', async () => {
        const of = { principal: { roles: ['lead'], id: SAL }, action: 'read', entity: 'contacts' }
        const own = await explain(ADMIN, { ...of, row: mine })
        expect(own).toMatchObject({ decision: 'allow', outcome: { status: 200 }, row: { seen: true } })
        expect(own.rules.map(({ holds }) => holds)).toEqual([true, true])
        expect(own.row?.fields).toContain('phone')
        expect(own.row?.fields).not.toContain('salary')
        const other = await explain(ADMIN, { ...of, row: theirs })
        expect(other.rules.map(({ holds }) => holds)).toEqual([true, false])
        expect(other.row?.fields).not.toContain('phone')
        const hidden = await explain(ADMIN, { ...of, row: secret })
        expect(hidden).toMatchObject({ decision: 'deny', row: { seen: false, fields: [] }, outcome: { status: 404 } })
        expect(hidden.reason).toBe('the caller does not see the row')
        expect(hidden.rules.map(({ holds }) => holds)).toEqual([false, false])
      })

      test('reading the fields of a row: all of them, or it is denied', async () => {
        const of = { principal: { roles: ['lead'], id: SAL }, action: 'read', entity: 'contacts', fields: ['phone'] }
        expect((await explain(ADMIN, { ...of, row: mine })).decision).toBe('allow')
        expect((await explain(ADMIN, { ...of, row: theirs })).decision).toBe('deny')
      })

      test('an update is really done, and undone', async () => {
        const of = { principal: { roles: ['sales'], id: SAL }, action: 'update', entity: 'contacts', row: mine }
        const done = await explain(ADMIN, { ...of, input: { status: 'lead' } })
        expect(done).toMatchObject({ decision: 'allow', outcome: { status: 204, code: null } })
        expect(done.reason).toContain('it was done, and undone')
        expect((await send(ADMIN, 'GET', `contacts/${mine}`)).row.status).toBe('customer')
        const checked = await explain(ADMIN, { ...of, input: { status: 'secret' } })
        expect(checked).toMatchObject({ decision: 'deny', outcome: { status: 403, code: '42501' } })
        expect(checked.rules[0]?.holds).toBe(false)
        const ungiven = await explain(ADMIN, { ...of, input: { owner_id: EVE } })
        expect(ungiven).toMatchObject({ decision: 'deny', reason: 'no rule lets the caller give owner_id' })
        const other = await explain(ADMIN, { ...of, row: theirs, input: { status: 'lead' } })
        expect(other).toMatchObject({ decision: 'deny', outcome: { status: 404 }, row: { seen: true, fields: [] } })
        const taken = await explain(ADMIN, { ...of, input: { email: 't@x.org' } })
        expect(taken).toMatchObject({ decision: 'deny', outcome: { status: 409, code: '23505' } })
        expect(taken.reason).toContain('the rules aside')
      })

      test('an update whose input is not known is judged by the row, with the fields that may be given', async () => {
        const of = { principal: { roles: ['sales'], id: SAL }, action: 'update', entity: 'contacts' }
        const own = await explain(ADMIN, { ...of, row: mine })
        expect(own).toMatchObject({ decision: 'allow', outcome: null, row: { fields: ['email', 'status'] } })
        expect(own.rules[0]?.holds).toBeNull() // its check has nothing to look at
        expect(await explain(ADMIN, { ...of, row: theirs })).toMatchObject({ decision: 'deny', row: { fields: [] } })
      })

      test('a create is really done, and undone; rules look at the row as it is made', async () => {
        const before = await count()
        const of = { principal: { roles: ['sales'], id: SAL }, action: 'create', entity: 'contacts' }
        expect(await explain(ADMIN, { ...of, input: { email: 'n@x.org', owner_id: SAL } })).toMatchObject({
          decision: 'allow',
          outcome: { status: 201 },
          rules: [{ holds: true }],
          row: null,
        })
        expect(await explain(ADMIN, { ...of, input: { email: 'n@x.org', owner_id: EVE } })).toMatchObject({
          decision: 'deny',
          outcome: { status: 403 },
          rules: [{ holds: false }],
        })
        expect(await explain(ADMIN, { ...of, input: { owner_id: SAL } })).toMatchObject({
          decision: 'deny',
          outcome: { status: 400, code: '23502' },
          reason: expect.stringContaining('the rules aside'),
        })
        expect(await count()).toBe(before)
      })

      test('a delete is really done, and undone; what forbids wins', async () => {
        const of = { principal: { roles: ['lead'], id: EVE }, action: 'delete', entity: 'contacts' }
        expect(await explain(ADMIN, { ...of, row: theirs })).toMatchObject({
          decision: 'allow',
          outcome: { status: 204 },
        })
        const customer = await explain(ADMIN, { ...of, principal: { roles: ['lead'], id: SAL }, row: mine })
        expect(customer).toMatchObject({ decision: 'deny', outcome: { status: 404 } })
        expect(customer.reason).toBe('it is forbidden by /entities/contacts/access/sales/deny/delete')
        expect((await send(ADMIN, 'GET', `contacts/${theirs}`)).status).toBe(200)
      })

      test('values stand for a row that is not there', async () => {
        const of = { principal: { roles: ['lead'], id: SAL }, entity: 'contacts' }
        const row = { owner_id: SAL, status: 'secret' }
        expect(await explain(ADMIN, { ...of, action: 'read', row })).toMatchObject({
          decision: 'allow',
          row: { seen: true },
        })
        expect(await explain(ADMIN, { ...of, action: 'read', row: { status: 'secret' } })).toMatchObject({
          decision: 'deny',
        })
        expect(await explain(ADMIN, { ...of, action: 'delete', row: { ...row, status: 'customer' } })).toMatchObject({
          decision: 'deny',
          reason: expect.stringContaining('forbidden'),
        })
        const update = { ...of, action: 'update', row }
        expect(await explain(ADMIN, { ...update, input: { status: 'lead' } })).toMatchObject({ decision: 'allow' })
        expect(await explain(ADMIN, { ...update, input: { status: 'secret' } })).toMatchObject({ decision: 'deny' })
      })

      test('a composite key is a list, and keeps every digit', async () => {
        const of = { principal: { roles: ['sales'] }, action: 'update', entity: 'order_lines', input: { quantity: 6 } }
        expect(await explain(ADMIN, { ...of, row: ['9007199254740993', 'a,b'] })).toMatchObject({ decision: 'allow' })
        expect(await explain(ADMIN, { ...of, row: ['9007199254740992', 'a,b'] })).toMatchObject({
          decision: 'deny',
          reason: 'there is no such row',
        })
        expect((await ask(ADMIN, { ...of, row: 'a' })).status).toBe(400)
      })

      test('it says of every row what a request is answered', async () => {
        for (const identity of [
          SALES,
          LEAD,
          AUDITOR,
          { ...SALES, roles: ['sales', 'auditor'] },
          { ...SALES, roles: ['viewer'] },
        ])
          for (const row of [mine, theirs, secret]) {
            const { decision } = await explain(ADMIN, {
              principal: { roles: identity.roles, id: identity.id },
              action: 'read',
              entity: 'contacts',
              row,
            })
            const { rows } = await send(identity, 'GET', `contacts?select=id&id=eq.${row}`)
            expect([identity.roles, row, decision]).toEqual([identity.roles, row, rows.length === 1 ? 'allow' : 'deny'])
          }
      })
    })

    describe('who may ask', () => {
      const question = { action: 'read', entity: 'contacts' }

      test('an admin about everybody, others about themselves alone', async () => {
        expect((await ask(SALES, { ...question, principal: { roles: ['admin'] } })).status).toBe(403)
        expect((await ask(SALES, { ...question, principal: { roles: ['sales'], id: EVE } })).status).toBe(403)
        expect((await ask(SALES, { ...question, principal: { email: 'a@b.c' } })).status).toBe(403)
        expect((await ask(SALES, { ...question, principal: { roles: ['sales'], id: SAL } })).status).toBe(200)
        expect((await ask(SALES, question)).status).toBe(200)
        expect(
          (await ask({ ...SALES, kind: 'anonymous' }, { ...question, principal: { roles: ['admin'] } })).status,
        ).toBe(401)
        expect((await fixture.fetch('/rest/v1/rpc/explain_access', { method: 'POST' })).status).toBe(401)
      })

      test('a caller is told nothing of fields that it never sees', async () => {
        const { rules, sql, fields } = await explain(AUDITOR, question)
        expect(JSON.stringify({ rules, sql, fields })).not.toContain('salary')
        expect(rules).toMatchObject([{ where: null, hidden: true, holds: null }])
        expect(sql).toBeNull()
        const unknown = await ask(AUDITOR, { ...question, fields: ['nothing'] })
        const unseen = await ask(AUDITOR, { ...question, fields: ['salary'] })
        expect(unseen.text.replaceAll('salary', 'nothing').replace(/"requestId":"[^"]*"/, '')).toBe(
          unknown.text.replace(/"requestId":"[^"]*"/, ''),
        )
      })

      test('it is told nothing of what ties rows to others that it does not see', async () => {
        const { rules, sql } = await explain(SALES, { action: 'read', entity: 'companies', row: company })
        expect(rules).toMatchObject([{ where: null, hidden: true, holds: null }])
        expect(JSON.stringify([rules, sql])).not.toContain('members')
      })

      test('who does not see the key cannot ask about a row by it; an admin can, of them', async () => {
        const mailer = { tenant: 'acme', id: SAL, roles: ['mailer'] }
        for (const row of [mine, NOWHERE]) {
          const answer = await ask(mailer, { ...question, row })
          expect([answer.status, answer.row.code]).toEqual([400, '42703'])
        }
        const of = { principal: { roles: ['mailer'], id: SAL }, entity: 'contacts', row: mine }
        expect(await explain(ADMIN, { ...of, action: 'read' })).toMatchObject({
          decision: 'allow',
          outcome: null,
          row: { seen: true, fields: ['email'] },
        })
        expect(await explain(ADMIN, { ...of, action: 'read', row: secret })).toMatchObject({ decision: 'deny' })
        const update = { ...of, action: 'update' }
        expect(await explain(ADMIN, { ...update, input: { email: 'x@x.org' } })).toMatchObject({ decision: 'allow' })
        expect(await explain(ADMIN, { ...update, input: { email: 'no' } })).toMatchObject({ decision: 'deny' })
      })

      test('a row that it does not see is as one that is not there', async () => {
        const hidden = await explain(SALES, { ...question, row: secret })
        expect(hidden).toMatchObject({ decision: 'deny', row: null, reason: 'there is no such row' })
        expect(JSON.stringify(hidden).replaceAll(secret, NOWHERE)).toBe(
          JSON.stringify(await explain(SALES, { ...question, row: NOWHERE })),
        )
        expect(hidden.rules[0]?.holds).toBeNull()
      })

      test('a row of values could be asked to find out what is in others: it is not for them', async () => {
        expect((await ask(SALES, { ...question, row: { owner_id: SAL } })).status).toBe(403)
      })

      test('a field that an own row shows is told of', async () => {
        expect((await explain(LEAD, { ...question, row: mine })).row?.fields).toContain('phone')
        expect((await explain(LEAD, { ...question, row: theirs })).row?.fields).not.toContain('phone')
      })
    })

    describe('what is asked wrongly', () => {
      test.each([
        ['', 400, 'PGRST102'],
        ['[]', 400, 'PGRST102'],
        ['{', 400, 'PGRST102'],
        ['null', 400, 'PGRST102'],
        ['{}', 400, 'PGRST102'],
        [{ action: 'read', entity: 'contacts', role: 'sales' }, 400, 'PGRST102'],
        [{ action: 'reed', entity: 'contacts' }, 400, 'PGRST102'],
        [{ action: 'constructor', entity: 'contacts' }, 400, 'PGRST102'],
        [{ action: 'read', entity: 'contcts' }, 404, 'PGRST205'],
        [{ action: 'read', entity: '__proto__' }, 404, 'PGRST205'],
        [{ action: 'read', entity: 5 }, 400, 'PGRST102'],
        [{ action: 'read', entity: 'contacts', principal: 'sales' }, 400, 'PGRST102'],
        [{ action: 'read', entity: 'contacts', principal: { role: 'sales' } }, 400, 'PGRST102'],
        [{ action: 'read', entity: 'contacts', principal: { roles: 'sales' } }, 400, 'PGRST102'],
        [{ action: 'read', entity: 'contacts', principal: { kind: 'robot' } }, 400, 'PGRST102'],
        [{ action: 'read', entity: 'contacts', fields: [] }, 400, 'PGRST102'],
        [{ action: 'read', entity: 'contacts', fields: ['emial'] }, 400, '42703'],
        [{ action: 'read', entity: 'contacts', row: { emial: 1 } }, 400, '42703'],
        ['{"action":"read","entity":"contacts","row":{"__proto__":1}}', 400, '42703'],
        [{ action: 'create', entity: 'contacts', row: NOWHERE }, 400, 'PGRST102'],
        [{ action: 'read', entity: 'contacts', input: {} }, 400, 'PGRST102'],
        [{ action: 'update', entity: 'contacts', input: { status: 'lead' }, fields: ['status'] }, 400, 'PGRST102'],
        [{ action: 'create', entity: 'contacts', input: { constructor: 1 } }, 400, '42703'],
        [{ action: 'read', entity: 'contacts', row: { owner_id: 'x' } }, 400, '22P02'],
        [{ action: 'update', entity: 'contacts', row: 'not a key' }, 400, '22P02'],
        [{ action: 'read', entity: 'contacts', row: 'a\0b' }, 400, 'PGRST102'],
        [`{"action":"read","entity":"contacts","row":${'['.repeat(5000)}${']'.repeat(5000)}}`, 400, 'LIMIT_EXCEEDED'],
      ])('%j is %i %s', async (body, status, code) => {
        const answer = await ask(ADMIN, body)
        expect([answer.status, answer.row.code]).toEqual([status, code])
      })

      test('a key that is none is an outcome of the request', async () => {
        expect(await explain(ADMIN, { action: 'read', entity: 'contacts', row: 'not a key' })).toMatchObject({
          decision: 'deny',
          outcome: { status: 400, code: '22P02' },
        })
      })

      test('it is called by POST, with JSON', async () => {
        const get = await send(ADMIN, 'GET', 'rpc/explain_access')
        expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
        const form = await fixture.fetch('/rest/v1/rpc/explain_access', {
          method: 'POST',
          headers: { 'x-as': JSON.stringify(ADMIN), 'content-type': 'text/csv' },
          body: 'action,entity',
        })
        expect(form.status).toBe(415)
        const other = await send(ADMIN, 'POST', 'rpc/explain_acces', {})
        expect([other.status, other.row.code]).toEqual([404, 'PGRST202'])
        expect(other.row.hint).toContain('explain_access')
      })
    })

    test('the real client calls it by rpc()', async () => {
      const client = new PostgrestClient('http://localhost/t/acme/rest/v1', {
        headers: { 'x-as': JSON.stringify(SALES) },
        fetch: (input, init) => fixture.fetch(new URL(String(input)).pathname, init),
      })
      const { data, error, status } = await client.rpc('explain_access', {
        action: 'read',
        entity: 'contacts',
        row: mine,
      })
      expect([status, error, data?.decision]).toEqual([200, null, 'allow'])
      const single = await client.rpc('explain_access', { action: 'delete', entity: 'companies' }).single()
      expect((single.data as Explained | null)?.decision).toBe('deny')
      const refused = await client.rpc('explain_access', {
        action: 'read',
        entity: 'contacts',
        principal: { roles: ['admin'] },
      })
      expect([refused.status, refused.error?.code]).toEqual([403, '42501'])
      const elsewhere = await client.schema('nowhere').rpc('explain_access', { action: 'read', entity: 'contacts' })
      expect([elsewhere.status, elsewhere.error?.code]).toEqual([406, 'PGRST106'])
    })

    test('the registry is explained too, without its secrets', async () => {
      const client = new PostgrestClient('http://localhost/t/acme/rest/v1', {
        headers: { 'x-as': JSON.stringify(ADMIN) },
        fetch: (input, init) => fixture.fetch(new URL(String(input)).pathname, init),
      }).schema('platform')
      const { data } = await client.rpc('explain_access', { action: 'read', entity: 'api_keys' })
      expect(data).toMatchObject({ decision: 'allow' })
      expect(Object.keys(data.fields)).not.toContain('hash')
      const write = await client.rpc('explain_access', { action: 'create', entity: 'tenants' })
      expect(write.data).toMatchObject({ decision: 'deny' })
    })

    test('rows of another tenant are not there', async () => {
      const other = { tenant: 'globex', id: 'boss', roles: ['admin'] }
      expect(await explain(other, { action: 'read', entity: 'contacts', row: mine })).toMatchObject({
        decision: 'deny',
        reason: 'there is no such row',
        row: null,
      })
    })
  })
}
