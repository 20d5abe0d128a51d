/** What is refused of a roll-out, and to whom: nothing is begun. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Rolling, startRolling, VERSIONS } from './start-rolling.ts'

let rolling: Rolling

beforeAll(async () => {
  rolling = await startRolling(2, false)
  await rolling.publish(VERSIONS.two, { hold: true })
})
afterAll(() => rolling?.close())

test.each<[string, object, string]>([
  ['no schema', { schema: 'none' }, 'SCHEMA_UNKNOWN'],
  ['a version that does not serve', { schema: 'shop', to: 9 }, 'VERSION_NOT_LIVE'],
  ['a version that nobody is before', { schema: 'shop', to: 1 }, 'ROLLOUT_EMPTY'],
  ['waves that do not end with all', { schema: 'shop', waves: [10, 50] }, 'ARGUMENTS_INVALID'],
  ['waves that shrink', { schema: 'shop', waves: [50, 10, 100] }, 'ARGUMENTS_INVALID'],
  ['a wave of nothing', { schema: 'shop', waves: [{}, 100] }, 'ARGUMENTS_INVALID'],
  ['a cohort that is no expression', { schema: 'shop', waves: [{ where: 'slug ==' }, 100] }, 'ARGUMENTS_INVALID'],
  ['a cohort of another type', { schema: 'shop', waves: [{ where: 'slug' }, 100] }, 'ARGUMENTS_INVALID'],
  ['a cohort of unknown fields', { schema: 'shop', waves: [{ where: 'size > 3' }, 100] }, 'ARGUMENTS_INVALID'],
  ['no waves', { schema: 'shop', waves: 'all' }, 'ARGUMENTS_INVALID'],
  ['a bake for ever', { schema: 'shop', bake: '99999d' }, 'ARGUMENTS_INVALID'],
  ['an unknown gate', { schema: 'shop', gates: { luck: 1 } }, 'ARGUMENTS_INVALID'],
  ['a share above one', { schema: 'shop', gates: { error_rate: 2 } }, 'ARGUMENTS_INVALID'],
  ['an unknown argument', { schema: 'shop', percent: 1 }, 'ARGUMENTS_INVALID'],
])('%s', async (_, given, code) => {
  const answer = await rolling.registry.system.rpc('start_rollout', given)
  expect(answer.row.code, JSON.stringify(answer.row)).toBe(code)
  expect(await rolling.rollout()).toEqual({})
})

test('by who may not: another tenant, a member', async () => {
  await rolling.start({ bake: '1h', gates: { min_requests: 0 } })
  const { acme, system, withRoles } = rolling.registry
  expect((await acme.rpc('abort_rollout', { schema: 'shop' })).row.code).toBe('ROLLOUT_NONE')
  expect((await acme.get('/rollouts')).rows).toEqual([])
  const member = await withRoles({ ...system, tenant: { ...system.tenant, slug: 'system' } }, 'member')
  expect((await member.rpc('abort_rollout', { schema: 'shop' })).status).toBe(403)
})
