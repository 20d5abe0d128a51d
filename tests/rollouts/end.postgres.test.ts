/** The end of a roll-out: nobody is left behind, be their install being made at that moment, or written by somebody else. */
import { setTimeout as delay } from 'node:timers/promises'
import { createTenant, listRollouts, migrate, type Rollouts, startRollouts, steerRollout } from '@backsaas/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type HeldCommit, holdCommit } from '../fixture/hold-commit.ts'
import { type Fixture, SCOPE, startFixture } from '../fixture/start-fixture.ts'
import { schemaOf } from '../registry/start-registry.ts'
import { tableOf } from './start-rolling.ts'

const LONG = { timeout: 20_000, interval: 20 }
let fixture: Fixture
let leader: Rollouts | undefined
let held: HeldCommit | undefined

beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [schemaOf('shop')], connections: 12 })
  await migrate(fixture.database, schemaOf('shop', 'body: { type: text }'), { hold: true })
})
afterEach(async () => {
  held?.release()
  await leader?.close()
  await fixture.close()
})

const start = (bake: string): Promise<unknown> =>
  steerRollout(fixture.database, 'start_rollout', { schema: 'shop', waves: [100], bake, gates: { min_requests: 0 } })
const lead = async (): Promise<void> => {
  leader = await startRollouts(fixture.database, { intervalMs: 50 })
}
const rollout = async () => (await listRollouts(fixture.database, 'shop'))[0]
const state = async () => (await rollout())?.state
async function versions(): Promise<Readonly<Record<string, number>>> {
  const [installs, tenants] = await Promise.all(['installs', 'tenants'].map((entity) => tableOf(fixture, entity)))
  const rows = await fixture.ownerQuery(
    `select t.slug, i.version::text from ${installs} i join ${tenants} t on t.id = i.tenant_id where i.profile = 'shop'`,
  )
  return Object.fromEntries(rows.map(([slug, version]) => [slug, Number(version)]))
}

/** A tenant whose transaction has done all but commit. @returns what commits it. */
async function creating(): Promise<() => Promise<unknown>> {
  const one = holdCommit(fixture.database)
  held = one
  const created = createTenant(one.database, { slug: 'late', schemas: ['shop'] })
  await Promise.race([one.reached, created])
  return () => {
    one.release()
    return created
  }
}

test('waits for a tenant that is being created, which has the version then', async () => {
  await start('0s')
  const commit = await creating()
  await lead()
  await delay(1000)
  expect(await state()).toBe('running')
  await commit()
  await expect.poll(state, LONG).toBe('done')
  expect(await versions()).toEqual({ acme: 2, globex: 2, late: 2 })
  // Whoever comes from now on gets it by itself.
  await createTenant(fixture.database, { slug: 'later', schemas: ['shop'] })
  expect(await versions()).toMatchObject({ later: 2 })
})

test('by hand waits for it too', async () => {
  await start('1h')
  await lead()
  await expect.poll(async () => (await rollout())?.baking_since, LONG).toBeTruthy()
  const commit = await creating()
  const advanced = steerRollout(fixture.database, 'advance_rollout', { schema: 'shop' })
  await Promise.race([delay(500), advanced])
  await commit()
  await advanced
  await steerRollout(fixture.database, 'advance_rollout', { schema: 'shop' }).catch(() => undefined)
  await expect.poll(state, LONG).toBe('done')
  expect(await versions()).toEqual({ acme: 2, globex: 2, late: 2 })
})

test.each([
  ['', '0s'],
  [', forced or not', '1h'],
])('does not come while somebody else has an install, and says so%s', async (_, bake) => {
  await start(bake)
  const installs = await tableOf(fixture, 'installs')
  const [locked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const text = `select from ${installs} where profile = 'shop' and tenant_id = '${fixture.tenants.globex.id}' for update`
  const holding = fixture.database.open(SCOPE, 'owner').transaction?.(async (connection) => {
    await connection.batch([{ text, params: [], prepare: false }])
    locked.resolve()
    await released.promise
  })
  await locked.promise
  try {
    await lead()
    if (bake !== '0s') {
      await expect.poll(async () => (await rollout())?.baking_since, LONG).toBeTruthy()
      const input = { schema: 'shop', force: true, reason: 'it has been seen' }
      expect(await steerRollout(fixture.database, 'advance_rollout', input)).toMatchObject({ state: 'running' })
    }
    await expect.poll(async () => (await rollout())?.problem, LONG).toMatchObject({ code: 'INSTALLS_LOCKED' })
    expect(await state()).toBe('running')
    expect(await versions()).toEqual({ acme: 2, globex: 1 })
  } finally {
    released.resolve()
    await holding
  }
  await expect.poll(state, LONG).toBe('done')
  expect(await versions()).toEqual({ acme: 2, globex: 2 })
  expect(await rollout()).toMatchObject({ problem: null, moved: 2 })
})
