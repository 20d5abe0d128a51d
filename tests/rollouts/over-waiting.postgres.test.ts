/**
 * A breaking version is rolled out over a migration that still waits for its contract: three versions with columns of their own serve, clients
 * write on all of them and on whatever their tenant's install has, and each loses nothing, whether it goes forward or back.
 */
import {
  createTenant,
  listRollouts,
  migrate,
  migrationStatus,
  pinInstall,
  type Rollouts,
  rollbackMigration,
  runMigration,
  startRollouts,
  steerRollout,
  unpinInstall,
} from '@backsaas/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { catalogueOf } from '../migrations/copies.ts'
import { oneAfterTheOther, people, V1, V2, V3 } from '../migrations/stacked.ts'
import { type Faces, OWN, startVersionLedger, type VersionLedger } from '../migrations/version-ledger.ts'
import { tableOf } from './start-rolling.ts'

const LONG = { timeout: 30_000, interval: 50 }
const PINNED = 'globex'
/** However busy the machine is. */
const CALM = { p95_ratio: 1000 }

type Person = ReturnType<typeof people.make>
/** What versions 2 and 3 take alike: for clients that do not know which of them they are answered by. */
const alike: Faces<Person> = {
  ...people,
  parts: people.parts.filter((part) => part !== 'age'),
  make: (n) => ({ ...people.make(n), age: 0 }),
  face: (person, version, part) => people.face(person, version === OWN ? 2 : version, part),
}

let fixture: Fixture
let rollouts: Rollouts
let tenants: readonly Caller[]
let ledgers: readonly VersionLedger[] = []

beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [V1], runtime: { beat: { leaseMs: 200 } } })
  const more = await Promise.all(['shop-1', 'shop-2', 'shop-3', 'shop-4'].map((slug) => fixture.newTenant(slug)))
  tenants = [fixture.tenants.acme, ...more]
  await pinInstall(fixture.database, { tenant: PINNED, profile: 'crm', until: '30d', reason: 'their year ends' })
  await migrate(fixture.database, V2)
  rollouts = await startRollouts(fixture.database, { intervalMs: 50 })
  ledgers = [
    startVersionLedger(people, [...tenants.slice(0, 3), fixture.tenants.globex], 1),
    startVersionLedger(alike, tenants, 1),
  ]
})
afterEach(async () => {
  await Promise.all(ledgers.map((ledger) => ledger.stop()))
  ledgers = []
  await rollouts.close()
  await fixture.close()
})

/** Clients of these versions from now on, beside those that name none. */
function turn(...versions: readonly number[]): void {
  ledgers[0]?.turn(...versions)
  ledgers[1]?.turn(OWN)
}
const more = (count: number) => Promise.all(ledgers.map((ledger) => ledger.more(count)))

/** Nothing has failed, and every version shows what was written on any. */
async function nothingIsLost(...versions: readonly number[]): Promise<void> {
  for (const ledger of ledgers) {
    const { errors, acknowledged } = await ledger.stop()
    expect(errors).toEqual([])
    expect(acknowledged).toBeGreaterThan(300)
    ledger.turn(...versions)
    expect(await ledger.differences()).toEqual([])
  }
}

async function versions(): Promise<Readonly<Record<string, number>>> {
  const [installs, known] = await Promise.all(['installs', 'tenants'].map((entity) => tableOf(fixture, entity)))
  const rows = await fixture.ownerQuery(
    `select t.slug, i.version::text from ${installs} i join ${known} t on t.id = i.tenant_id where i.profile = 'crm'`,
  )
  return Object.fromEntries(rows.map(([slug, version]) => [slug, Number(version)]))
}
const all = (version: number) => Object.fromEntries(tenants.map(({ slug }) => [slug, version]))

const rollout = async () => (await listRollouts(fixture.database, 'crm'))[0]
const until = (state: string) => expect.poll(async () => (await rollout())?.state, LONG).toBe(state)
const start = (given: object) =>
  steerRollout(fixture.database, 'start_rollout', { schema: 'crm', bake: '500ms', ...given })
const unpin = () => unpinInstall(fixture.database, { tenant: PINNED, profile: 'crm' })
const catalogue = () => catalogueOf(fixture.ownerQuery)

async function statusOf(version: number) {
  const found = (await migrationStatus(fixture.database, { schema: 'crm' })).find((one) => one.toVersion === version)
  return { id: found?.id ?? '', token: found?.token ?? '', phase: found?.phase, problem: found?.problem }
}
async function contract(version: number, giveUpAfterMs = 60_000): Promise<unknown> {
  const { id, token } = await statusOf(version)
  return runMigration(fixture.database, id, { until: 'done', now: true, token, giveUpAfterMs })
}
/** Which versions say that they end. */
async function ending(): Promise<readonly boolean[]> {
  const answers = [1, 2, 3].map((version) =>
    fixture.tenants.acme.get('/people?limit=1', { 'schema-version': String(version) }),
  )
  return (await Promise.all(answers)).map(({ headers }) => headers.has('sunset'))
}

test('forward: wave by wave, the pinned one stays; then both contracts, and it is what the versions one after the other are', async () => {
  turn(1, 2)
  await more(50)
  const held = await migrate(fixture.database, V3, { hold: true })
  expect(held).toMatchObject({ version: 3, migration: { fromVersion: 2, phase: 'live' } })
  turn(1, 2, 3)
  await more(50)
  expect(await versions()).toEqual({ ...all(2), [PINNED]: 1 })
  expect(await ending()).toEqual([true, false, false])

  await start({ waves: [{ where: "slug == 'shop-1'", bake: '1s' }, 50, 100], gates: CALM })
  await expect.poll(versions, LONG).toEqual({ ...all(2), 'shop-1': 3, [PINNED]: 1 })
  // Neither goes on meanwhile: what has moved may have to go back.
  for (const version of [2, 3])
    await expect(contract(version, 1)).rejects.toMatchObject({
      code: 'MIGRATION_WAITING',
      details: { code: version === 2 ? 'ROLLOUT_OPEN' : 'MIGRATION_BEFORE' },
    })
  const back = rollbackMigration(fixture.database, (await statusOf(3)).id)
  await expect(back).rejects.toMatchObject({ code: 'ROLLOUT_OPEN' })
  await createTenant(fixture.database, { slug: 'late', name: 'late', schemas: ['crm'] })
  expect(await versions()).toMatchObject({ late: 2 })
  await until('done')
  expect(await rollout()).toMatchObject({ moved: tenants.length + 1, pinned: 1, problem: null })
  expect(await versions()).toEqual({ ...all(3), late: 3, [PINNED]: 1 })
  await more(50)
  await expect.poll(ending, LONG).toEqual([true, true, false])

  const [first, second] = [contract(2), contract(3)]
  await expect.poll(async () => (await statusOf(2)).problem, LONG).toMatchObject({ code: 'INSTALLS_PINNED', count: 1 })
  await more(50)
  turn(3)
  expect(await unpin()).toMatchObject({ version: 3, moved: true })
  expect(await first).toMatchObject({ phase: 'done' })
  expect(await second).toMatchObject({ phase: 'done' })
  await more(50)
  await nothingIsLost(3)
  expect(await catalogue()).toBe(await oneAfterTheOther(V2, V3))
}, 180_000)

test('halted: who has moved is back on what they had, all three serve on; taken back, it is as if it had never been', async () => {
  const before = await catalogue()
  turn(1, 2)
  await more(50)
  await migrate(fixture.database, V3, { hold: true })
  turn(1, 2, 3)
  // One stays with the oldest, and is pinned no more: it moves over both, and comes back to where it was.
  await unpinInstall(fixture.database, { tenant: PINNED, profile: 'crm', stay: true })
  const serving = await catalogue()
  await start({ waves: [100], bake: '1h', gates: { ...CALM, p95_ms: 1, min_requests: 200 } })
  await expect.poll(versions, LONG).toEqual({ ...all(3), [PINNED]: 3 })
  await more(50)
  await until('halted')
  expect(await rollout()).toMatchObject({ moved: 0, problem: { code: 'P95' } })
  expect(await versions()).toEqual({ ...all(2), [PINNED]: 1 })
  expect(await ending()).toEqual([true, false, false])
  expect(await catalogue()).toBe(serving)
  await more(50)
  // Both ends are asked for and wait: nothing is gone yet, and there is a way back.
  await expect(contract(2, 1)).rejects.toMatchObject({ details: { code: 'INSTALLS_REMAIN' } })
  await expect(contract(3, 1)).rejects.toMatchObject({ details: { code: 'MIGRATION_BEFORE' } })

  turn(1, 2)
  await rollbackMigration(fixture.database, (await statusOf(3)).id)
  expect(await catalogue()).toBe(before)
  await more(50)
  turn(2)
  expect(await unpin()).toMatchObject({ version: 2, moved: true })
  expect(await contract(2)).toMatchObject({ phase: 'done' })
  await more(50)
  await nothingIsLost(2)
  expect(await catalogue()).toBe(await oneAfterTheOther(V2))
}, 180_000)
