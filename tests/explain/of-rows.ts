/** Explanations of one row: they say what a request is answered. */
import { expect, test } from 'vitest'
import { ADMIN, AUDITOR, type Desk, EVE, LEAD, SAL, SALES } from './desk.ts'

export function ofRows(desk: Desk): void {
  test('reading: seen or not, with the fields that are', async () => {
    const of = { principal: { roles: ['lead'], id: SAL }, action: 'read', entity: 'contacts' }
    const own = await desk.explain(ADMIN, { ...of, row: desk.rows.mine })
    expect(own).toMatchObject({ decision: 'allow', outcome: { status: 200 }, row: { seen: true } })
    expect(own.rules.map(({ holds }) => holds)).toEqual([true, true])
    expect(own.row?.fields).toContain('phone')
    expect(own.row?.fields).not.toContain('salary')
    const other = await desk.explain(ADMIN, { ...of, row: desk.rows.theirs })
    expect(other.rules.map(({ holds }) => holds)).toEqual([true, false])
    expect(other.row?.fields).not.toContain('phone')
    const hidden = await desk.explain(ADMIN, { ...of, row: desk.rows.secret })
    expect(hidden).toMatchObject({ decision: 'deny', row: { seen: false, fields: [] }, outcome: { status: 404 } })
    expect(hidden.reason).toBe('the caller does not see the row')
    expect(hidden.rules.map(({ holds }) => holds)).toEqual([false, false])
  })

  test('reading the fields of a row: all of them, or it is denied', async () => {
    const of = { principal: { roles: ['lead'], id: SAL }, action: 'read', entity: 'contacts', fields: ['phone'] }
    expect((await desk.explain(ADMIN, { ...of, row: desk.rows.mine })).decision).toBe('allow')
    expect((await desk.explain(ADMIN, { ...of, row: desk.rows.theirs })).decision).toBe('deny')
  })

  test('an update is really done, and undone', async () => {
    const of = { principal: { roles: ['sales'], id: SAL }, action: 'update', entity: 'contacts', row: desk.rows.mine }
    const done = await desk.explain(ADMIN, { ...of, input: { status: 'lead' } })
    expect(done).toMatchObject({ decision: 'allow', outcome: { status: 204, code: null } })
    expect(done.reason).toContain('it was done, and undone')
    expect((await desk.send(ADMIN, 'GET', `contacts/${desk.rows.mine}`)).row.status).toBe('customer')
    const checked = await desk.explain(ADMIN, { ...of, input: { status: 'secret' } })
    expect(checked).toMatchObject({ decision: 'deny', outcome: { status: 403, code: '42501' } })
    expect(checked.rules[0]?.holds).toBe(false)
    const ungiven = await desk.explain(ADMIN, { ...of, input: { owner_id: EVE } })
    expect(ungiven).toMatchObject({ decision: 'deny', reason: 'no rule lets the caller give owner_id' })
    const other = await desk.explain(ADMIN, { ...of, row: desk.rows.theirs, input: { status: 'lead' } })
    expect(other).toMatchObject({ decision: 'deny', outcome: { status: 404 }, row: { seen: true, fields: [] } })
    const taken = await desk.explain(ADMIN, { ...of, input: { email: 't@x.org' } })
    expect(taken).toMatchObject({ decision: 'deny', outcome: { status: 409, code: '23505' } })
    expect(taken.reason).toContain('the rules aside')
  })

  test('an update whose input is not known is judged by the row, with the fields that may be given', async () => {
    const of = { principal: { roles: ['sales'], id: SAL }, action: 'update', entity: 'contacts' }
    const own = await desk.explain(ADMIN, { ...of, row: desk.rows.mine })
    expect(own).toMatchObject({ decision: 'allow', outcome: null, row: { fields: ['email', 'status'] } })
    expect(own.rules[0]?.holds).toBeNull() // its check has nothing to look at
    expect(await desk.explain(ADMIN, { ...of, row: desk.rows.theirs })).toMatchObject({
      decision: 'deny',
      row: { fields: [] },
    })
  })

  test('a create is really done, and undone; rules look at the row as it is made', async () => {
    const before = await desk.count()
    const of = { principal: { roles: ['sales'], id: SAL }, action: 'create', entity: 'contacts' }
    expect(await desk.explain(ADMIN, { ...of, input: { email: 'n@x.org', owner_id: SAL } })).toMatchObject({
      decision: 'allow',
      outcome: { status: 201 },
      rules: [{ holds: true }],
      row: null,
    })
    expect(await desk.explain(ADMIN, { ...of, input: { email: 'n@x.org', owner_id: EVE } })).toMatchObject({
      decision: 'deny',
      outcome: { status: 403 },
      rules: [{ holds: false }],
    })
    expect(await desk.explain(ADMIN, { ...of, input: { owner_id: SAL } })).toMatchObject({
      decision: 'deny',
      outcome: { status: 400, code: '23502' },
      reason: expect.stringContaining('the rules aside'),
    })
    expect(await desk.count()).toBe(before)
  })

  test('a delete is really done, and undone; what forbids wins', async () => {
    const of = { principal: { roles: ['lead'], id: EVE }, action: 'delete', entity: 'contacts' }
    expect(await desk.explain(ADMIN, { ...of, row: desk.rows.theirs })).toMatchObject({
      decision: 'allow',
      outcome: { status: 204 },
    })
    const customer = await desk.explain(ADMIN, { ...of, principal: { roles: ['lead'], id: SAL }, row: desk.rows.mine })
    expect(customer).toMatchObject({ decision: 'deny', outcome: { status: 404 } })
    expect(customer.reason).toBe('it is forbidden by /entities/contacts/access/sales/deny/delete')
    expect((await desk.send(ADMIN, 'GET', `contacts/${desk.rows.theirs}`)).status).toBe(200)
  })

  test('values stand for a row that is not there', async () => {
    const of = { principal: { roles: ['lead'], id: SAL }, entity: 'contacts' }
    const row = { owner_id: SAL, status: 'secret' }
    expect(await desk.explain(ADMIN, { ...of, action: 'read', row })).toMatchObject({
      decision: 'allow',
      row: { seen: true },
    })
    expect(await desk.explain(ADMIN, { ...of, action: 'read', row: { status: 'secret' } })).toMatchObject({
      decision: 'deny',
    })
    expect(await desk.explain(ADMIN, { ...of, action: 'delete', row: { ...row, status: 'customer' } })).toMatchObject({
      decision: 'deny',
      reason: expect.stringContaining('forbidden'),
    })
    const update = { ...of, action: 'update', row }
    expect(await desk.explain(ADMIN, { ...update, input: { status: 'lead' } })).toMatchObject({ decision: 'allow' })
    expect(await desk.explain(ADMIN, { ...update, input: { status: 'secret' } })).toMatchObject({ decision: 'deny' })
  })

  test('a composite key is a list, and keeps every digit', async () => {
    const of = { principal: { roles: ['sales'] }, action: 'update', entity: 'order_lines', input: { quantity: 6 } }
    expect(await desk.explain(ADMIN, { ...of, row: ['9007199254740993', 'a,b'] })).toMatchObject({ decision: 'allow' })
    expect(await desk.explain(ADMIN, { ...of, row: ['9007199254740992', 'a,b'] })).toMatchObject({
      decision: 'deny',
      reason: 'there is no such row',
    })
    expect((await desk.ask(ADMIN, { ...of, row: 'a' })).status).toBe(400)
  })

  test('it says of every row what a request is answered', async () => {
    for (const identity of [
      SALES,
      LEAD,
      AUDITOR,
      { ...SALES, roles: ['sales', 'auditor'] },
      { ...SALES, roles: ['viewer'] },
    ])
      for (const row of [desk.rows.mine, desk.rows.theirs, desk.rows.secret]) {
        const { decision } = await desk.explain(ADMIN, {
          principal: { roles: identity.roles, id: identity.id },
          action: 'read',
          entity: 'contacts',
          row,
        })
        const { rows: found } = await desk.send(identity, 'GET', `contacts?select=id&id=eq.${row}`)
        expect([identity.roles, row, decision]).toEqual([identity.roles, row, found.length === 1 ? 'allow' : 'deny'])
      }
  })
}
