/** Questions that are none: a clear error each. */
import { expect, test } from 'vitest'
import { ADMIN, type Desk, NOWHERE } from './desk.ts'

export function refusals(desk: Desk): void {
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
    const answer = await desk.ask(ADMIN, body)
    expect([answer.status, answer.row.code]).toEqual([status, code])
  })

  test('a key that is none is an outcome of the request', async () => {
    expect(await desk.explain(ADMIN, { action: 'read', entity: 'contacts', row: 'not a key' })).toMatchObject({
      decision: 'deny',
      outcome: { status: 400, code: '22P02' },
    })
  })

  test('it is called by POST, with JSON', async () => {
    const get = await desk.send(ADMIN, 'GET', 'rpc/explain_access')
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
    const form = await desk.fetch('/rest/v1/rpc/explain_access', {
      method: 'POST',
      headers: { 'x-as': JSON.stringify(ADMIN), 'content-type': 'text/csv' },
      body: 'action,entity',
    })
    expect(form.status).toBe(415)
    const other = await desk.send(ADMIN, 'POST', 'rpc/explain_acces', {})
    expect([other.status, other.row.code]).toEqual([404, 'PGRST202'])
    expect(other.row.hint).toContain('explain_access')
  })
}
