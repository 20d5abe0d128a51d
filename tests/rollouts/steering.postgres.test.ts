/** What is said to a roll-out on its way, what it refuses, and what may go wrong around it. */
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startRollouts, suspendTenant } from '@backsaas/migrator'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { killThere } from '../fixture/kill-when.ts'
import { type Rolling, startRolling, VERSIONS } from './start-rolling.ts'

const COUNT = 6
const QUIET = { min_requests: 0 }
let rolling: Rolling

beforeEach(async () => {
  rolling = await startRolling(COUNT, false)
  await rolling.publish(VERSIONS.two, { hold: true })
})
afterEach(() => rolling.close())

const all = (version: number): Record<string, number> =>
  Object.fromEntries(rolling.slugs.map((slug) => [slug, version]))
const say = (
  kind: string,
  given: object = { schema: 'shop' },
): Promise<{ status: number; row: Record<string, unknown> }> => rolling.registry.system.rpc(kind, given)
const LONG = { waves: [{ where: "slug == 'shop-1'" }, 100], bake: '1h', gates: QUIET }

describe('said to it', () => {
  test('paused, nobody moves and nobody goes back; resumed, it goes on; advanced, it waits for nothing', async () => {
    await rolling.start(LONG)
    await expect.poll(rolling.versions).toEqual({ ...all(1), 'shop-1': 2 })
    expect((await say('pause_rollout')).row).toMatchObject({ state: 'paused', wave: 1, waves: 2 })
    await delay(500)
    expect(await rolling.versions()).toEqual({ ...all(1), 'shop-1': 2 })
    expect((await say('pause_rollout')).row).toMatchObject({ code: 'ROLLOUT_STATE', status: 409 })
    expect((await say('resume_rollout')).row).toMatchObject({ state: 'running' })
    expect((await say('advance_rollout')).row).toMatchObject({ state: 'running' })
    await expect.poll(rolling.versions).toEqual(all(2))
    expect((await rolling.rollout()).state).toBe('running')
    await expect.poll(async () => (await rolling.rollout()).baking_since).not.toBeNull()
    expect((await say('advance_rollout')).row).toMatchObject({ state: 'done' })
    expect((await say('abort_rollout')).row).toMatchObject({ code: 'ROLLOUT_STATE' })
  })

  test('aborted, everybody is back, and it may be started again', async () => {
    await rolling.start(LONG)
    await expect.poll(rolling.versions).toEqual({ ...all(1), 'shop-1': 2 })
    await say('abort_rollout')
    expect(await rolling.until('aborted')).toMatchObject({ moved: 0, problem: null })
    expect(await rolling.versions()).toEqual(all(1))
    await rolling.start({ waves: [100], bake: 0, gates: QUIET })
    await rolling.until('done')
    expect(await rolling.versions()).toEqual(all(2))
  })

  test('while it is open nothing else moves these installs: no publication, no second one', async () => {
    await rolling.start(LONG)
    expect((await say('start_rollout', { schema: 'shop' })).row).toMatchObject({ code: 'ROLLOUT_OPEN', status: 409 })
    const compatible = `${VERSIONS.two}      third: { type: string }\n`
    expect((await say('publish_schema', { source: compatible })).row).toMatchObject({
      code: 'ROLLOUT_OPEN',
      status: 409,
    })
  })
})

describe('a fault', () => {
  test('of the leader, killed in the middle of a move: the next one goes on, and each install moves once', async () => {
    const { fixture } = rolling.registry
    const leader = fileURLToPath(new URL('dying-leader.ts', import.meta.url))
    await rolling.registry.rollouts.close()
    await rolling.start({ waves: [{ where: "slug == 'shop-1'" }, 100], bake: 0, gates: QUIET })
    await killThere(leader, [fixture.url ?? '', '2'])
    expect(await rolling.versions()).toEqual({ ...all(1), 'shop-1': 2 })
    const next = await Promise.all(
      [1, 2].map((n) => startRollouts(fixture.database, { intervalMs: 50, name: `n${n}` })),
    )
    await rolling.until('done')
    for (const one of next) await one.close()
    expect(await rolling.versions()).toEqual(all(2))
    const moves = await rolling.registry.system.get('/rollout_moves?select=install_id,wave&order=wave')
    expect(moves.rows.map(({ wave }) => wave)).toEqual([0, ...Array(COUNT - 1).fill(1)])
    const told = await fixture.ownerQuery(
      `select count(*)::text, count(distinct tenant_id)::text from ${await rolling.table('events')} where type = 'install.updated'`,
    )
    expect(told).toEqual([[String(COUNT), String(COUNT)]])
  })

  test('of silence: too few requests to judge by halt it, or not where that is said', async () => {
    await rolling.start({ waves: [100], bake: '100ms' })
    expect(await rolling.until('halted')).toMatchObject({ moved: 0, problem: { code: 'NO_SIGNAL' } })
    expect(await rolling.versions()).toEqual(all(1))
    await rolling.start({ waves: [100], bake: '100ms', gates: { on_silence: 'continue' } })
    await rolling.until('done')
  })

  test('of a tenant that is suspended meanwhile: its install moves all the same, and others are not kept', async () => {
    await rolling.start(LONG)
    await expect.poll(rolling.versions).toEqual({ ...all(1), 'shop-1': 2 })
    await suspendTenant(rolling.registry.fixture.database, 'shop-2')
    await say('advance_rollout')
    await expect.poll(rolling.versions).toEqual(all(2))
  })

  test('of clocks: a leader an hour ahead waits as long as any', async () => {
    await rolling.registry.rollouts.close()
    const now = Date.now
    Date.now = () => now() + 3_600_000
    const ahead = await startRollouts(rolling.registry.fixture.database, { intervalMs: 50 })
    try {
      await rolling.start({ waves: [{ where: "slug == 'shop-1'" }, 100], bake: '10m', gates: QUIET })
      await expect.poll(rolling.versions).toEqual({ ...all(1), 'shop-1': 2 })
      await delay(500)
      expect(await rolling.rollout()).toMatchObject({ state: 'running', wave: 0 })
    } finally {
      Date.now = now
      await ahead.close()
    }
  })
})

test('events of who has moved can halt it', async () => {
  await rolling.start({ ...LONG, gates: { ...QUIET, events: [{ type: 'order.failed', max: 2 }] } })
  await expect.poll(async () => (await rolling.rollout()).baking_since).toBeTruthy()
  const [row] = await rolling.registry.fixture.ownerQuery(
    `select id::text from ${await rolling.table('tenants')} where slug = 'shop-1'`,
  )
  const events = await rolling.table('events')
  const tell = (): Promise<unknown> =>
    rolling.registry.fixture.ownerQuery(
      `insert into ${events} (tenant_id, id, type, source, time, data)
       values ('${row?.[0]}', gen_random_uuid(), 'order.failed', '/test', clock_timestamp(), '{}')`,
    )
  for (let i = 0; i < 3; i++) await tell()
  expect(await rolling.until('halted')).toMatchObject({ problem: { code: 'EVENTS' } })
})
