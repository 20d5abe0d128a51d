/** Explanations of an action as a whole, whatever the row. */
import { expect, test } from 'vitest'
import { ADMIN, type Desk, SAL } from './desk.ts'

export function ofActions(desk: Desk): void {
  test('who may see some rows is told which, and by which rules', async () => {
    const { decision, rules, sql, fields, row, outcome } = await desk.explain(ADMIN, {
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
    const { rules, fields } = await desk.explain(ADMIN, {
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
    const explained = await desk.explain(ADMIN, { principal, action, entity: 'contacts' })
    expect(explained).toMatchObject({ decision: 'deny', sql: 'false', reason: expect.stringContaining(reason) })
    expect(new Set(Object.values(explained.fields))).toEqual(new Set(action === 'delete' ? [] : ['never']))
  })

  test('an entity without rules is closed to everybody', async () => {
    expect(
      await desk.explain(ADMIN, { principal: { roles: ['admin'] }, action: 'read', entity: 'locked' }),
    ).toMatchObject({
      decision: 'deny',
      rules: [],
    })
  })

  test('membership is told in the names of the schema', async () => {
    const { sql } = await desk.explain(ADMIN, { principal: { roles: ['sales'] }, action: 'read', entity: 'companies' })
    expect(sql).toContain('exists (select from "crm"."members"')
    expect(sql).toContain('"user_id" = current_user.id::uuid')
  })

  test('fields narrow the question', async () => {
    const of = { principal: { roles: ['sales'], id: SAL }, entity: 'contacts' }
    expect(await desk.explain(ADMIN, { ...of, action: 'read', fields: ['email', 'salary'] })).toMatchObject({
      decision: 'deny',
      reason: 'no rule lets the caller see salary',
      fields: { email: 'always', salary: 'never' },
    })
    expect(await desk.explain(ADMIN, { ...of, action: 'update', fields: ['status'] })).toMatchObject({
      decision: 'allow',
    })
    expect(await desk.explain(ADMIN, { ...of, action: 'update', fields: ['owner_id'] })).toMatchObject({
      decision: 'deny',
    })
    expect(await desk.explain(ADMIN, { ...of, action: 'create', fields: ['owner_id'] })).toMatchObject({
      decision: 'allow',
    })
    expect(await desk.explain(ADMIN, { ...of, action: 'create', fields: ['created_by'] })).toMatchObject({
      decision: 'deny',
    })
  })
}
