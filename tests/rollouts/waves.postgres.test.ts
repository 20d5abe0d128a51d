/** A version goes to its tenants in waves, while all of them ask: nobody notices, and a bad one comes back by itself. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mended, type Rolling, startRolling, VERSIONS } from './start-rolling.ts'

const COUNT = 12
let rolling: Rolling

beforeEach(async () => {
  rolling = await startRolling(COUNT)
})
afterEach(() => rolling.close())

const all = (version: number): Record<string, number> =>
  Object.fromEntries(rolling.slugs.map((slug) => [slug, version]))

/** Of a version that is as fast: how long answers take on a busy machine is not looked at. */
const CALM = { p95_ratio: 1000 }

describe('a good version', () => {
  test('serves, and nobody has it before its roll-out; then cohort, half, all; no request fails', async () => {
    expect(await rolling.publish(VERSIONS.two, { hold: true })).toMatchObject({ version: 2, created: true, held: true })
    expect(await rolling.versions()).toEqual(all(1))
    await rolling.start({ waves: [{ where: "slug == 'shop-3'", bake: '1500ms' }, 50, 100], bake: '1s', gates: CALM })
    await expect.poll(rolling.versions, { timeout: 5000 }).toEqual({ ...all(1), 'shop-3': 2 })
    // While it bakes, who comes gets what most have.
    const late = await rolling.registry.newTenant()
    expect((await late.rpc('install_schema', { schema: 'shop' })).row).toMatchObject({ version: 1 })
    expect((await rolling.rollout()).state).toBe('running')
    const done = await rolling.until('done')
    expect(done).toMatchObject({ moved: COUNT + 1, total: COUNT + 1, pinned: 0, wave: 2, problem: null })
    expect(Object.values(await rolling.versions()).every((version) => version === 2)).toBe(true)
    expect([...rolling.statuses.keys()].sort()).toEqual([200, 201])
    const { system } = rolling.registry
    const events = await system.get(`/events?subject=eq.${done.id}&select=type,data&order=time`)
    expect(events.rows.map(({ type }) => type)).toEqual([
      'rollout.started',
      ...Array(3).fill('rollout.advanced'),
      'rollout.completed',
    ])
    // Each move is an event and an entry in the log of whose install it is.
    const moved = await late.get('/events?type=eq.install.updated&select=data')
    expect(moved.rows).toMatchObject([{ data: { old_version: 1, version: 2, profile: 'shop' } }])
    const log = await late.get('/audit_log?entity=eq.installs&action=eq.update&select=change')
    expect(JSON.stringify(log.rows)).toContain('"version"')
    // From now on it is what everybody gets.
    const later = await rolling.registry.newTenant()
    expect((await later.rpc('install_schema', { schema: 'shop' })).row).toMatchObject({ version: 2 })
  })

  test('a pinned install does not move, and is counted', async () => {
    await pin('shop-2', 1)
    await rolling.publish(VERSIONS.two, { hold: true })
    await rolling.start({ waves: [100], bake: '300ms', gates: { ...CALM, min_requests: 0 } })
    expect(await rolling.until('done')).toMatchObject({ moved: COUNT - 1, pinned: 1 })
    expect(await rolling.versions()).toEqual({ ...all(2), 'shop-2': 1 })
  })
})

describe.each([
  ['fails for one in twenty', VERSIONS.failing, 'ERROR_RATE'],
  ['is slower', VERSIONS.slow, 'P95'],
  ['refuses what was taken before', VERSIONS.refusing, 'REFUSAL_RATE'],
] as const)('a version that %s', (_, document, code) => {
  test('halts within its bake, and everybody who has moved is back', async () => {
    await rolling.publish(document, { hold: true })
    const bakeMs = 10_000
    const gates = { min_requests: 40, ...(code !== 'P95' && CALM) }
    await rolling.start({ waves: [50, 100], bake: `${bakeMs}ms`, gates })
    const startedAt = Date.now()
    const halted = await rolling.until('halted')
    expect(Date.now() - startedAt).toBeLessThan(bakeMs)
    expect(halted).toMatchObject({ wave: 0, moved: 0, problem: { code } })
    expect(await rolling.versions()).toEqual(all(1))
    const { rows } = await rolling.registry.system.get(`/events?subject=eq.${halted.id}&select=type&order=time`)
    expect(rows.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['rollout.started', 'rollout.halted', 'rollout.rolled_back']),
    )
    // The platform is as it was: another may be published, and rolled out.
    expect(await rolling.publish(mended(document), { hold: true })).toMatchObject({
      version: 3,
    })
  })
})

async function pin(slug: string, version: number): Promise<void> {
  await rolling.registry.fixture.ownerQuery(
    `update ${await rolling.table('installs')} set pinned_to = ${version} where schema_name = 'shop'
       and tenant_id = (select id from ${await rolling.table('tenants')} where slug = '${slug}')`,
  )
}
