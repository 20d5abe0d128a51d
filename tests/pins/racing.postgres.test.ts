/** A pin that is being set while something else moves installs: whichever commits first, a pinned install is where its pin says. */
import { setTimeout as delay } from 'node:timers/promises'
import {
  listRollouts,
  migrate,
  migrationStatus,
  pinInstall,
  type Rollouts,
  rollbackMigration,
  startRollouts,
  steerRollout,
} from '@backsaas/migrator'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HeldCommit, holdCommit } from '../fixture/hold-commit.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { schemaOf } from '../registry/start-registry.ts'
import { tableOf } from '../rollouts/start-rolling.ts'

const LONG = { timeout: 20_000, interval: 20 }
const V1 = schemaOf('shop')
const V2 = schemaOf('shop', 'body: { type: text }')
/** Needs a migration. */
const SHORT = V1.replace('title: { type: string }', 'title: { type: string, max: 5 }')
const PIN = { tenant: 'globex', profile: 'shop', until: '30d', reason: 'their year ends' }
let fixture: Fixture
let held: HeldCommit | undefined
let leader: Rollouts | undefined

beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [V1], connections: 12 })
})
afterEach(async () => {
  held?.release()
  await leader?.close()
  leader = undefined
  await fixture.close()
})

/** By slug: the version that the install has, and the one that it is pinned to. */
async function installs(): Promise<Readonly<Record<string, readonly [number, number | null]>>> {
  const [table, tenants] = await Promise.all(['installs', 'tenants'].map((entity) => tableOf(fixture, entity)))
  const rows = await fixture.ownerQuery(
    `select t.slug, i.version::text, i.pinned_to::text from ${table} i join ${tenants} t on t.id = i.tenant_id
     where i.profile = 'shop'`,
  )
  return Object.fromEntries(rows.map(([slug, has, pin]) => [slug, [Number(has), pin == null ? null : Number(pin)]]))
}
/** What the pinned tenant was told of its install. */
async function moves(): Promise<readonly (readonly [number, number])[]> {
  const events = await tableOf(fixture, 'events')
  const rows = await fixture.ownerQuery(
    `select data ->> 'old_version', data ->> 'version' from ${events}
     where type = 'install.updated' and tenant_id = '${fixture.tenants.globex.id}' order by time`,
  )
  return rows.map(([from, to]) => [Number(from), Number(to)])
}

/** Begins a pin, which has done all but commit. @returns what commits it. */
async function pinning(pin: { readonly version?: number } = {}): Promise<() => Promise<unknown>> {
  const one = holdCommit(fixture.database)
  held = one
  const pinned = pinInstall(one.database, { ...PIN, ...pin })
  await Promise.race([one.reached, pinned])
  return async () => {
    one.release()
    await pinned
  }
}

/** Goes on beside the pin until it stands, or is over; then the pin commits. */
async function beside<T>(commit: () => Promise<unknown>, work: Promise<T>): Promise<T> {
  await Promise.race([delay(500), work.catch(() => undefined)])
  await commit()
  return work
}

const rollout = async () => (await listRollouts(fixture.database, 'shop'))[0]
const until = (state: string) => expect.poll(async () => (await rollout())?.state, LONG).toBe(state)

describe('a roll-out', () => {
  beforeEach(async () => {
    await migrate(fixture.database, V2, { hold: true })
    const gates = { min_requests: 0 }
    await steerRollout(fixture.database, 'start_rollout', { schema: 'shop', waves: [100], bake: '1h', gates })
  })
  const lead = async (database = fixture.database): Promise<void> => {
    leader = await startRollouts(database, { intervalMs: 50 })
  }

  test('that moves installs passes over it', async () => {
    const commit = await pinning()
    await lead()
    await expect.poll(async () => (await installs()).acme, LONG).toEqual([2, null])
    await commit()
    await delay(300)
    await leader?.close()
    expect(await installs()).toEqual({ acme: [2, null], globex: [1, 1] })
    expect(await moves()).toEqual([])
  })

  test('that has moved it, and has yet to commit, is waited for: it is pinned to the version that it has then', async () => {
    const one = holdCommit(fixture.database, (sent) => sent.some((text) => text.includes('set "version" = x.version')))
    held = one
    await lead(one.database)
    await one.reached
    const pinned = pinInstall(fixture.database, PIN)
    await Promise.race([delay(500), pinned])
    one.release()
    expect(await pinned).toMatchObject({ version: 2 })
    await leader?.close()
    expect(await installs()).toEqual({ acme: [2, null], globex: [2, 2] })
    expect(await moves()).toEqual([[1, 2]])
  })

  test('that goes back leaves it where it is pinned', async () => {
    await lead()
    await expect.poll(installs, LONG).toEqual({ acme: [2, null], globex: [2, null] })
    const commit = await pinning()
    await steerRollout(fixture.database, 'abort_rollout', { schema: 'shop' })
    await delay(500)
    await commit()
    await until('aborted')
    await leader?.close()
    expect(await installs()).toEqual({ acme: [1, null], globex: [2, 2] })
    expect(await moves()).toEqual([[1, 2]])
    expect(await rollout()).toMatchObject({ moved: 1 })
  })
})

test('a publication moves the others', async () => {
  expect(await beside(await pinning(), migrate(fixture.database, V2))).toMatchObject({ version: 2 })
  expect(await installs()).toEqual({ acme: [2, null], globex: [1, 1] })
})

test('a migration that goes live moves the others', async () => {
  expect(await beside(await pinning(), migrate(fixture.database, SHORT))).toMatchObject({ version: 2 })
  expect(await installs()).toEqual({ acme: [2, null], globex: [1, 1] })
})

describe('a rollback', () => {
  let id = ''
  beforeEach(async () => {
    await migrate(fixture.database, SHORT)
    id = (await migrationStatus(fixture.database, { schema: 'shop' }))[0]?.id ?? ''
  })

  test('is refused where it is pinned to what would be taken back', async () => {
    const back = beside(await pinning(), rollbackMigration(fixture.database, id))
    await expect(back).rejects.toMatchObject({ code: 'INSTALLS_PINNED' })
    expect(await installs()).toEqual({ acme: [2, null], globex: [2, 2] })
  })

  test('leaves it where it is pinned to what was before', async () => {
    const back = beside(await pinning({ version: 1 }), rollbackMigration(fixture.database, id))
    expect(await back).toMatchObject({ phase: 'rolled_back' })
    expect(await installs()).toEqual({ acme: [1, null], globex: [1, 1] })
    expect(await moves()).toEqual([[2, 1]])
  })
})
