/** Where explanations are asked for: a tenant with rows of every kind, and callers named by a header. */
import { readFile } from 'node:fs/promises'
import type { Identity } from '@backsaas/core'
import { policies } from '@backsaas/plugins/policies'
import { expect } from 'vitest'
import { type Answer, readAnswer } from '../fixture/answer.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'

export const SAL = '018f0000-0000-7000-8000-000000000001'
export const EVE = '018f0000-0000-7000-8000-000000000002'
export const NOWHERE = '018f0000-0000-7000-8000-00000000dead'

interface Caller extends Identity {
  readonly roles: readonly string[]
}
export const ADMIN: Caller = { tenant: 'acme', id: 'boss', roles: ['admin'] }
export const SALES: Caller = { tenant: 'acme', id: SAL, roles: ['sales'] }
export const LEAD: Caller = { tenant: 'acme', id: SAL, roles: ['lead'] }
export const AUDITOR: Caller = { tenant: 'acme', id: EVE, roles: ['auditor'] }

export interface Explained {
  readonly decision: 'allow' | 'deny'
  readonly reason: string
  readonly rules: readonly Readonly<Record<string, unknown>>[]
  readonly sql: string | null
  readonly fields: Readonly<Record<string, string>>
  readonly row: { readonly seen: boolean; readonly fields: readonly string[] } | null
  readonly outcome: { readonly status: number; readonly code: string | null } | null
}

export interface Desk {
  /** Keys of a company, a customer of Sal's, a lead of Eve's, and a contact that its owner alone may know of. */
  readonly rows: Readonly<Record<'company' | 'mine' | 'theirs' | 'secret', string>>
  fetch: Fixture['fetch']
  /** `path` is below `/rest/v1`. */
  send(identity: Identity, method: string, path: string, body?: unknown): Promise<Answer>
  ask(identity: Identity, question: unknown): Promise<Answer>
  /** Fails the test where the answer is an error, or tells a physical name. */
  explain(identity: Identity, question: unknown): Promise<Explained>
  /** Contacts that there are. */
  count(): Promise<number>
}

/** Schema, rules and a runtime that believes the header `x-as`. */
export async function startDeskFixture(
  database: 'pglite' | 'postgres',
  naming: 'default' | 'scrambled',
): Promise<Fixture> {
  return startFixture({
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
}

/** @param lend the fixture and its rows, which are there once tests run. */
export function openDesk(lend: () => Fixture, rows: () => Desk['rows']): Desk {
  const send: Desk['send'] = async (identity, method, path, body) => {
    const headers = {
      'x-as': JSON.stringify(identity),
      'content-type': 'application/json',
      prefer: 'return=representation',
    }
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    return readAnswer(await lend().fetch(`/rest/v1/${path}`, { method, headers, ...sent }))
  }
  const ask: Desk['ask'] = (identity, question) => send(identity, 'POST', 'rpc/explain_access', question)
  return {
    get rows() {
      return rows()
    },
    fetch: (path, init) => lend().fetch(path, init),
    send,
    ask,
    async explain(identity, question) {
      const answer = await ask(identity, question)
      expect(answer.status, answer.text).toBe(200)
      for (const name of lend().physicalNames) expect(answer.text).not.toContain(name)
      return answer.body as Explained // its members are what the tests look at
    },
    count: async () => (await send(ADMIN, 'GET', 'contacts?select=id')).rows.length,
  }
}

export async function addRows({ send }: Desk): Promise<Desk['rows']> {
  const add = async (entity: string, row: object): Promise<string> => {
    const { rows } = await send(ADMIN, 'POST', entity, row)
    return String(rows[0]?.id)
  }
  const company = await add('companies', { name: 'Acme', owner_id: EVE, rating: 5 })
  await add('members', { company_id: company, user_id: SAL })
  const customer = { email: 'm@x.org', status: 'customer', owner_id: SAL, phone: '1', company_id: company }
  const mine = await add('contacts', customer)
  const theirs = await add('contacts', { email: 't@x.org', owner_id: EVE, salary: 500, phone: '2' })
  const secret = await add('contacts', { email: 's@x.org', status: 'secret', owner_id: EVE, salary: 50 })
  await add('order_lines', { order_number: '9007199254740993', product: 'a,b', quantity: 5 })
  return { company, mine, theirs, secret }
}
