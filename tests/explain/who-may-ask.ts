/** Who may ask about whom, and what they are told. */
import { expect, test } from 'vitest'
import { ADMIN, AUDITOR, type Desk, EVE, LEAD, NOWHERE, SAL, SALES } from './desk.ts'

export function whoMayAsk(desk: Desk): void {
  const question = { action: 'read', entity: 'contacts' }

  test('an admin about everybody, others about themselves alone', async () => {
    expect((await desk.ask(SALES, { ...question, principal: { roles: ['admin'] } })).status).toBe(403)
    expect((await desk.ask(SALES, { ...question, principal: { roles: ['sales'], id: EVE } })).status).toBe(403)
    expect((await desk.ask(SALES, { ...question, principal: { email: 'a@b.c' } })).status).toBe(403)
    expect((await desk.ask(SALES, { ...question, principal: { roles: ['sales'], id: SAL } })).status).toBe(200)
    expect((await desk.ask(SALES, question)).status).toBe(200)
    expect(
      (await desk.ask({ ...SALES, kind: 'anonymous' }, { ...question, principal: { roles: ['admin'] } })).status,
    ).toBe(401)
    expect((await desk.fetch('/rest/v1/rpc/explain_access', { method: 'POST' })).status).toBe(401)
  })

  test('a caller is told nothing of fields that it never sees', async () => {
    const { rules, sql, fields } = await desk.explain(AUDITOR, question)
    expect(JSON.stringify({ rules, sql, fields })).not.toContain('salary')
    expect(rules).toMatchObject([{ where: null, hidden: true, holds: null }])
    expect(sql).toBeNull()
    const unknown = await desk.ask(AUDITOR, { ...question, fields: ['nothing'] })
    const unseen = await desk.ask(AUDITOR, { ...question, fields: ['salary'] })
    expect(unseen.text.replaceAll('salary', 'nothing').replace(/"requestId":"[^"]*"/, '')).toBe(
      unknown.text.replace(/"requestId":"[^"]*"/, ''),
    )
  })

  test('it is told nothing of what ties rows to others that it does not see', async () => {
    const { rules, sql } = await desk.explain(SALES, { action: 'read', entity: 'companies', row: desk.rows.company })
    expect(rules).toMatchObject([{ where: null, hidden: true, holds: null }])
    expect(JSON.stringify([rules, sql])).not.toContain('members')
  })

  test('who does not see the key cannot ask about a row by it; an admin can, of them', async () => {
    const mailer = { tenant: 'acme', id: SAL, roles: ['mailer'] }
    for (const row of [desk.rows.mine, NOWHERE]) {
      const answer = await desk.ask(mailer, { ...question, row })
      expect([answer.status, answer.row.code]).toEqual([400, '42703'])
    }
    const of = { principal: { roles: ['mailer'], id: SAL }, entity: 'contacts', row: desk.rows.mine }
    expect(await desk.explain(ADMIN, { ...of, action: 'read' })).toMatchObject({
      decision: 'allow',
      outcome: null,
      row: { seen: true, fields: ['email'] },
    })
    expect(await desk.explain(ADMIN, { ...of, action: 'read', row: desk.rows.secret })).toMatchObject({
      decision: 'deny',
    })
    const update = { ...of, action: 'update' }
    expect(await desk.explain(ADMIN, { ...update, input: { email: 'x@x.org' } })).toMatchObject({ decision: 'allow' })
    expect(await desk.explain(ADMIN, { ...update, input: { email: 'no' } })).toMatchObject({ decision: 'deny' })
  })

  test('a row that it does not see is as one that is not there', async () => {
    const hidden = await desk.explain(SALES, { ...question, row: desk.rows.secret })
    expect(hidden).toMatchObject({ decision: 'deny', row: null, reason: 'there is no such row' })
    expect(JSON.stringify(hidden).replaceAll(desk.rows.secret, NOWHERE)).toBe(
      JSON.stringify(await desk.explain(SALES, { ...question, row: NOWHERE })),
    )
    expect(hidden.rules[0]?.holds).toBeNull()
  })

  test('a row of values could be asked to find out what is in others: it is not for them', async () => {
    expect((await desk.ask(SALES, { ...question, row: { owner_id: SAL } })).status).toBe(403)
  })

  test('a field that an own row shows is told of', async () => {
    expect((await desk.explain(LEAD, { ...question, row: desk.rows.mine })).row?.fields).toContain('phone')
    expect((await desk.explain(LEAD, { ...question, row: desk.rows.theirs })).row?.fields).not.toContain('phone')
  })
}
