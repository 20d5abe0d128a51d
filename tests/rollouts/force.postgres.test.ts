/** Somebody goes on past a gate that does not hold, knowingly: for one wave, with a reason that stays. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import { type Rolling, startRolling, VERSIONS } from './start-rolling.ts'

/** One answer in twenty fails. */
const MANY = 120
const CALM = { p95_ratio: 1000 }
const FIRST = { where: "slug == 'shop-1'" }
const REASON = 'the failures are of a client that is known'
let rolling: Rolling
let caller: Caller

beforeEach(async () => {
  rolling = await startRolling(3, false)
  await rolling.publish(VERSIONS.failing, { hold: true })
  caller = await rolling.callerOf('shop-1')
})
afterEach(() => rolling.close())

const all = (version: number): Record<string, number> =>
  Object.fromEntries(rolling.slugs.map((slug) => [slug, version]))
const say = (kind: string, more: object = {}) => rolling.registry.system.rpc(kind, { schema: 'shop', ...more })
const force = (reason = REASON) => say('advance_rollout', { force: true, reason })
const failed = async (): Promise<number> =>
  Number(((await rolling.rollout()) as { health: { to: { failed: number } } }).health.to.failed)

async function baking(versions: object): Promise<void> {
  await expect.poll(rolling.versions).toEqual(versions)
  await expect.poll(async () => (await rolling.rollout()).baking_since).toBeTruthy()
}
async function ask(): Promise<void> {
  for (let n = 0; n < MANY; n++) await caller.post('/orders', { title: `n${n}` }, { 'schema-version': '2' })
}

test('one that has halted goes on with the wave that halted it, which is not judged; the next one is', async () => {
  await rolling.start({ waves: [FIRST, 100], bake: '1h', gates: CALM })
  await baking({ ...all(1), 'shop-1': 2 })
  await ask()
  expect(await rolling.until('halted')).toMatchObject({ problem: { code: 'ERROR_RATE' } })
  expect((await say('advance_rollout')).row).toMatchObject({ code: 'ROLLOUT_STATE', status: 409 })

  expect((await force()).row).toMatchObject({ state: 'running', wave: 1, waves: 2 })
  await baking({ ...all(1), 'shop-1': 2 })
  await ask()
  await expect.poll(failed).toBeGreaterThanOrEqual(3)
  await delay(500)
  expect(await rolling.rollout()).toMatchObject({
    ...{ state: 'running', wave: 0, problem: null, finished_at: null },
    waves: [{ ...FIRST, forced: REASON }, { percent: 100 }],
  })
  expect((await say('advance_rollout')).row).toMatchObject({ state: 'running', wave: 2 })
  await baking(all(2))
  await ask()
  expect(await rolling.until('halted')).toMatchObject({ wave: 1, problem: { code: 'ERROR_RATE' } })
  expect(await rolling.versions()).toEqual(all(1))

  // Begun anew, it is judged from its first wave on.
  await say('resume_rollout')
  await baking({ ...all(1), 'shop-1': 2 })
  expect(JSON.stringify(await rolling.rollout())).not.toContain('forced')
  await ask()
  expect(await rolling.until('halted')).toMatchObject({ wave: 0, problem: { code: 'ERROR_RATE' } })
})

test('one that bakes goes on at once, and no gate halts the wave that it comes to; who did it, and why, is kept', async () => {
  await rolling.start({ waves: [FIRST, { percent: 100, bake: '2s' }], bake: '1h', gates: CALM })
  await baking({ ...all(1), 'shop-1': 2 })
  expect((await force()).row).toMatchObject({ state: 'running', wave: 2 })
  await baking(all(2))
  await ask()
  expect(await rolling.until('done')).toMatchObject({ moved: 3, problem: null })
  expect(await rolling.versions()).toEqual(all(2))

  const { system } = rolling.registry
  const log = (await system.get('/audit_log?entity=eq.rollouts&select=action,actor,row_id,change')).rows
  expect(log).toMatchObject([{ action: 'update', actor: { kind: 'key' }, row_id: (await rolling.rollout()).id }])
  const [before, after] = (log[0] as { change: { waves: readonly object[][] } }).change.waves
  expect(JSON.stringify(before)).not.toContain('forced')
  expect(after).toMatchObject([FIRST, { percent: 100, forced: REASON }])
  const told = (await system.get('/events?type=eq.rollout.forced&select=data')).rows
  expect(told).toMatchObject([{ data: { wave: 2, reason: REASON, to_version: 2 } }])
})

test('in the last wave it is the end', async () => {
  await rolling.start({ waves: [100], bake: '1h', gates: CALM })
  await baking(all(2))
  expect((await force()).row).toMatchObject({ state: 'done' })
  expect(await rolling.rollout()).toMatchObject({ state: 'done', waves: [{ forced: REASON }] })
})

test('one that halted in its last wave goes to its end, though nobody asks', async () => {
  await rolling.start({ waves: [100], bake: '1s', gates: { ...CALM, min_requests: 100 } })
  await baking(all(2))
  await ask()
  expect(await rolling.until('halted')).toMatchObject({ problem: { code: 'ERROR_RATE' } })
  await force()
  await rolling.until('done')
  expect(await rolling.versions()).toEqual(all(2))
})

test.each<[string, object]>([
  ['force without a reason', { force: true }],
  ['a blank reason', { force: true, reason: ' ' }],
  ['a reason without force', { reason: REASON }],
  ['a reason that is too long', { force: true, reason: 'x'.repeat(501) }],
])('%s is refused, and nothing is done', async (_, given) => {
  await rolling.start({ waves: [FIRST, 100], bake: '1h', gates: CALM })
  await baking({ ...all(1), 'shop-1': 2 })
  expect((await say('advance_rollout', given)).row).toMatchObject({ code: 'ARGUMENTS_INVALID', status: 422 })
  expect(await rolling.rollout()).toMatchObject({ state: 'running', wave: 0 })
})
