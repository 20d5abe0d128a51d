/** `explain_access` by HTTP: what it says is what requests are answered, and it tells nobody more than they may know. */
import { PostgrestClient } from '@supabase/postgrest-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Fixture } from '../fixture/start-fixture.ts'
import { ADMIN, addRows, type Desk, type Explained, openDesk, SALES, startDeskFixture } from './desk.ts'
import { ofActions } from './of-actions.ts'
import { ofRows } from './of-rows.ts'
import { refusals } from './refusals.ts'
import { whoMayAsk } from './who-may-ask.ts'

export function explainSuite(database: 'pglite' | 'postgres', naming: 'default' | 'scrambled'): void {
  describe(`explain_access on ${database}`, () => {
    let fixture: Fixture
    let rows: Desk['rows']
    const desk = openDesk(
      () => fixture,
      () => rows,
    )
    beforeAll(async () => {
      fixture = await startDeskFixture(database, naming)
      rows = await addRows(desk)
    })
    afterAll(() => fixture?.close())

    describe('of an action as a whole', () => ofActions(desk))
    describe('of a row', () => ofRows(desk))
    describe('who may ask', () => whoMayAsk(desk))
    describe('what is asked wrongly', () => refusals(desk))

    test('the real client calls it by rpc()', async () => {
      const client = new PostgrestClient('http://localhost/t/acme/rest/v1', {
        headers: { 'x-as': JSON.stringify(SALES) },
        fetch: (input, init) => desk.fetch(new URL(String(input)).pathname, init),
      })
      const { data, error, status } = await client.rpc('explain_access', {
        action: 'read',
        entity: 'contacts',
        row: desk.rows.mine,
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
        fetch: (input, init) => desk.fetch(new URL(String(input)).pathname, init),
      }).schema('platform')
      const { data } = await client.rpc('explain_access', { action: 'read', entity: 'api_keys' })
      expect(data).toMatchObject({ decision: 'allow' })
      expect(Object.keys(data.fields)).not.toContain('hash')
      const write = await client.rpc('explain_access', { action: 'create', entity: 'tenants' })
      expect(write.data).toMatchObject({ decision: 'deny' })
    })

    test('rows of another tenant are not there', async () => {
      const other = { tenant: 'globex', id: 'boss', roles: ['admin'] }
      expect(await desk.explain(other, { action: 'read', entity: 'contacts', row: desk.rows.mine })).toMatchObject({
        decision: 'deny',
        reason: 'there is no such row',
        row: null,
      })
    })
  })
}
