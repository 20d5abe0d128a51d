/** In workerd, where nothing is compiled: what is stored answers, and the rest is told. */
import type { CompiledSchema, Operation, OperationContext, PolicyRow } from '@backsaas/core'
import { expect, test } from 'vitest'
import { policies } from './policies.ts'

const SCHEMA: CompiledSchema = { name: 'shop', hash: '', roles: { clerk: { inherits: [] } }, entities: {} }
const DECISIONS = { rules: [], roles: {} }
const POLICY = { id: 'p1', schema: 'shop', role: 'clerk', entity: 'orders', action: 'read', effect: 'allow' } as const
const ROW: PolicyRow = { ...POLICY, where: null, check: null, fields: null, except: null }

test('what is stored with the schema answers', async () => {
  expect(await policies().access.decide({ ...SCHEMA, decisions: DECISIONS })).toEqual(DECISIONS)
})

test('what is not compiled is refused with what to do', async () => {
  const refused = { code: 'POLICY_NOT_COMPILED', status: 503, hint: expect.stringContaining('Node') }
  await expect(policies().access.decide(SCHEMA)).rejects.toMatchObject(refused)
  await expect(policies().access.decide({ ...SCHEMA, decisions: DECISIONS }, [ROW])).rejects.toMatchObject(refused)
})

test('nor is a policy written that nobody has compiled', async () => {
  const context = { schema: { ...SCHEMA, name: 'platform' } } as OperationContext // as far as it is looked at
  const operation = { action: 'create', entity: 'policies', input: {} } as Operation
  const before = policies().stages?.before
  await expect(before?.(operation, context)).rejects.toMatchObject({ code: 'POLICY_NOT_COMPILED' })
  await expect(before?.({ ...operation, entity: 'installs' }, context)).resolves.toMatchObject({ entity: 'installs' })
})
