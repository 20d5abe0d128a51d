/** A migration over one that waits for its contract: three versions with columns of their own serve, and each of them loses nothing. */
import {
  migrate,
  migrationStatus,
  pinInstall,
  planSchema,
  rollbackMigration,
  runMigration,
  startMigrations,
  unpinInstall,
} from '@backsaas/migrator'
import { afterEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { catalogueOf } from './copies.ts'
import { oneAfterTheOther, people, V1, V2, V3 } from './stacked.ts'
import { startVersionLedger, type VersionLedger } from './version-ledger.ts'

const at = (version: number): Record<string, string> => ({ 'schema-version': String(version) })

let fixture: Fixture
let ledger: VersionLedger | undefined
afterEach(async () => {
  await ledger?.stop()
  ledger = undefined
  await fixture.close()
})

/** Version 2 serves beside version 1, to which one tenant is pinned. */
async function begin(): Promise<void> {
  fixture = await startFixture({ database: 'postgres', schemas: [V1] })
  await pinInstall(fixture.database, { tenant: 'globex', profile: 'crm', until: '30d', reason: 'their year ends' })
  await migrate(fixture.database, V2)
}

function startLedger(): VersionLedger {
  ledger = startVersionLedger(people, [fixture.tenants.acme, fixture.tenants.globex], 2)
  return ledger
}

async function statusOf(version: number) {
  const all = await migrationStatus(fixture.database, { schema: 'crm' })
  const found = all.find(({ toVersion }) => toVersion === version)
  return { id: found?.id ?? '', token: found?.token ?? '', phase: found?.phase, problem: found?.problem }
}

/** To its end, as soon as nobody stands in the way. */
async function contract(version: number): Promise<unknown> {
  const { id, token } = await statusOf(version)
  return runMigration(fixture.database, id, { until: 'done', now: true, token, giveUpAfterMs: 60_000 })
}

const unpin = () => unpinInstall(fixture.database, { tenant: 'globex', profile: 'crm' })
const catalogue = () => catalogueOf(fixture.ownerQuery)

test('clients of three versions lose nothing, from before the first step to after the last contract', async () => {
  await begin()
  const written = startLedger()
  written.turn(1, 2)
  const first = contract(2)
  await written.more(150)
  await expect
    .poll(async () => (await statusOf(2)).problem, { timeout: 15_000 })
    .toMatchObject({ code: 'INSTALLS_PINNED', count: 1 })
  const third = await migrate(fixture.database, V3)
  expect(third).toMatchObject({ version: 3, migration: { fromVersion: 2, phase: 'live' } })
  written.turn(1, 2, 3)
  await written.more(450)
  const ends = async (version: number): Promise<string | null> =>
    (await fixture.tenants.acme.get('/people?limit=1', at(version))).headers.get('sunset')
  await expect
    .poll(() => Promise.all([1, 2, 3].map(ends)), { timeout: 15_000 })
    .toEqual([expect.any(String), expect.any(String), null])

  const second = contract(3)
  await expect
    .poll(async () => (await statusOf(3)).problem, { timeout: 15_000 })
    .toMatchObject({
      code: 'MIGRATION_BEFORE',
      message: expect.stringContaining('globex'),
    })
  expect((await statusOf(2)).problem).toMatchObject({ code: 'INSTALLS_PINNED' })
  await written.more(100)
  written.turn(3)
  expect(await unpin()).toMatchObject({ version: 3, moved: true })
  expect(await first).toMatchObject({ phase: 'done' })
  expect(await second).toMatchObject({ phase: 'done' })
  await written.more(100)
  const { errors, acknowledged } = await written.stop()
  expect(errors).toEqual([])
  expect(acknowledged).toBeGreaterThan(800)
  expect(await written.differences()).toEqual([])
  expect(await catalogue()).toBe(await oneAfterTheOther(V2, V3))
}, 180_000)

test('between the two contracts the newer versions are kept in step, and the oldest is gone', async () => {
  await begin()
  const written = startLedger()
  written.turn(1, 2)
  await migrate(fixture.database, V3)
  written.turn(1, 2, 3)
  await written.more(100)
  written.turn(2, 3)
  await unpin()
  await contract(2)
  await written.more(150)
  expect(await statusOf(3)).toMatchObject({ phase: 'live' })
  const { errors } = await written.stop()
  expect(errors).toEqual([])
  expect(await written.differences()).toEqual([])
  const { acme } = fixture.tenants
  expect((await acme.get('/people', at(1))).status).toBe(406)
  // Taken back now, what the contract has taken away does not come back.
  await rollbackMigration(fixture.database, (await statusOf(3)).id)
  expect(await catalogue()).toBe(await oneAfterTheOther(V2))
}, 120_000)

test('the newest is taken back: two versions are in step as before, and the one below can go back then', async () => {
  await begin()
  const before = await catalogue()
  const written = startLedger()
  written.turn(1, 2)
  await written.more(50)
  await migrate(fixture.database, V3)
  written.turn(1, 2, 3)
  await written.more(100)
  const [second, third] = [await statusOf(2), await statusOf(3)]
  const refused = {
    code: 'ROLLBACK_BUILT_UPON',
    status: 409,
    hint: expect.stringContaining('take that one back first'),
  }
  await expect(rollbackMigration(fixture.database, second.id)).rejects.toMatchObject(refused)
  written.turn(1, 2)
  await rollbackMigration(fixture.database, third.id)
  expect(await catalogue()).toBe(before)
  await written.more(150)
  const { acme } = fixture.tenants
  expect((await acme.get('/people?limit=1', at(1))).headers.get('deprecation')).toMatch(/^@\d+$/)
  const ends = async () => (await acme.get('/people?limit=1', at(2))).headers.get('deprecation')
  await expect.poll(ends, { timeout: 15_000 }).toBeNull()
  written.turn(1)
  await rollbackMigration(fixture.database, second.id)
  await written.more(50)
  const { errors } = await written.stop()
  expect(errors).toEqual([])
  expect(await written.differences()).toEqual([])
}, 120_000)

test('what a field is made of may be kept in step itself', async () => {
  await begin()
  await migrate(fixture.database, V3)
  const { acme } = fixture.tenants
  const row = { title: 't', price: 100, name: 'Ann Lee', age: 30 }
  expect((await acme.post('/people', row, at(1))).status).toBe(201)
  const shown = async () => (await acme.get('/people?select=initials,age,kind', at(3))).rows
  expect(await shown()).toEqual([{ initials: 'AnnLee', age: 3, kind: 'a' }])
  expect((await acme.patch('/people?title=eq.t', { name: 'Bo Ray' }, at(1))).status).toBe(204)
  expect(await shown()).toMatchObject([{ initials: 'BoRay' }])
  expect((await acme.patch('/people?heading=eq.t', { last: 'Lu', age: 40 }, at(2))).status).toBe(204)
  expect(await shown()).toMatchObject([{ initials: 'BoLu', age: 4 }])
  expect((await acme.patch('/people?heading=eq.t', { age: 5.5 }, at(3))).status).toBe(204)
  expect((await acme.get('/people?select=name,age', at(1))).rows).toEqual([{ name: 'Bo Lu', age: 55 }])
})

const [HEAD, TAIL] = ['      price:\n        type: decimal\n', '      other: { type: string }\n']
test.each([
  [
    'converted once more',
    'price',
    V2.replace('type: decimal', 'type: string')
      .replace('        min: 0\n', '')
      .replace(/convert: \{ up: "decimal\(price.*\}/, 'convert: { up: "string(price)", down: "decimal(price)" }'),
  ],
  ['dropped', 'last', V2.replace(/ {6}last: .*\n/, '').replace('removed: {', 'removed: { last: { down: "first" },')],
  ['given narrower bounds', 'price', V2.replace('min: 0', 'min: 10')],
  ['made unique', 'first', V2.replace('first: { type: string,', 'first: { type: string, unique: true,')],
])(
  'a field that is kept in step is not %s: the migration is named, and whom it waits for',
  async (_, field, source) => {
    expect([V2.includes(HEAD), V2.includes(TAIL)]).toEqual([true, true])
    await begin()
    const refused = {
      code: 'MIGRATION_OPEN',
      status: 409,
      message: expect.stringMatching(
        new RegExp(
          `people\\.${field} is kept in step with an older version.*from version 1 to 2.*globex \\(crm at version 1`,
        ),
      ),
      details: [expect.objectContaining({ to_version: 2, waits_for: expect.stringContaining('globex') })],
    }
    await expect(planSchema(fixture.database, source)).rejects.toMatchObject(refused)
    await expect(migrate(fixture.database, source)).rejects.toMatchObject(refused)
    expect((await migrationStatus(fixture.database)).length).toBe(1)
    await unpin()
    await contract(2)
    expect(await planSchema(fixture.database, source)).toMatchObject({ plan: { fromVersion: 2, toVersion: 3 } })
  },
)

test('a fourth version in step waits, and names the holders; what keeps nothing in step does not', async () => {
  await begin()
  await migrate(fixture.database, V3)
  const fourth = V3.replace(TAIL, '      other: { type: string, required: true, fill: x }\n')
  await expect(migrate(fixture.database, fourth)).rejects.toMatchObject({
    code: 'MIGRATION_OPEN',
    message: expect.stringMatching(
      /^3 versions of crm.*version 1 to 2 \(.*globex.*version 2 to 3 \(.*to version 2 comes to its end first/,
    ),
  })
  const narrower = V3.replace(TAIL, '      other: { type: string, max: 99 }\n')
  expect(await migrate(fixture.database, narrower)).toMatchObject({ version: 4, migration: { phase: 'live' } })
  const over = narrower.replace('max: 99 }', 'max: 99 }\n      more: { type: string }')
  expect(await migrate(fixture.database, over)).toMatchObject({ version: 5 })
  await unpin()
  for (const version of [2, 3, 4]) await contract(version)
  expect(
    await migrate(fixture.database, over.replace('max: 99 }', 'max: 99, required: true, fill: x }')),
  ).toMatchObject({ version: 6 })
})

test('one at a time is between its versions: the others wait for it, and say so', async () => {
  await begin()
  await unpin()
  await migrate(fixture.database, V3, { run: { signal: AbortSignal.abort() } })
  const [second, third] = [await statusOf(2), await statusOf(3)]
  const end = { until: 'done', now: true, token: second.token, giveUpAfterMs: 1 } as const
  await expect(runMigration(fixture.database, second.id, end)).rejects.toMatchObject({
    code: 'MIGRATION_WAITING',
    message: 'the migration to version 3 is on its way (expand)',
    details: { code: 'MIGRATION_AFTER' },
  })
  expect((await fixture.tenants.acme.get('/people', at(1))).status).toBe(200)
  await runMigration(fixture.database, third.id)

  const aborting = new AbortController()
  await runMigration(fixture.database, second.id, {
    ...{ until: 'done', now: true, token: second.token, signal: aborting.signal },
    progress: ({ phase, step, plan }) => {
      if (phase === 'contract' && plan.steps[step]?.kind !== 'retire') aborting.abort()
    },
  })
  expect(await statusOf(2)).toMatchObject({ phase: 'contract' })
  const begun = { code: 'MIGRATION_OPEN', hint: 'its contract has begun: publish again when that is over' }
  const over = V3.replace('      other:', '      more: { type: string }\n      other:')
  await expect(migrate(fixture.database, over)).rejects.toMatchObject(begun)
  await expect(rollbackMigration(fixture.database, third.id)).rejects.toMatchObject({
    code: 'MIGRATION_OPEN',
    message: expect.stringContaining('to version 2 is under way (contract)'),
  })
  expect(await statusOf(3)).toMatchObject({ phase: 'live' })
  await contract(2)
  expect(await rollbackMigration(fixture.database, third.id)).toMatchObject({ phase: 'rolled_back' })
})

test('the migrator process brings both to their ends in their order, one at a time', async () => {
  await begin()
  await migrate(fixture.database, V3, { run: { signal: AbortSignal.abort() } })
  const migrations = await startMigrations(fixture.database, { intervalMs: 50, concurrency: 1 })
  try {
    const want = (wanted: string) =>
      fixture.ownerQuery(`update backsaas.migrations set wanted = '${wanted}', hurried = true, confirmed = token`)
    await want('done')
    const problems = async () => [2, 3].map(async (version) => (await statusOf(version)).problem?.code)
    await expect
      .poll(async () => Promise.all(await problems()), { timeout: 20_000 })
      .toEqual(['INSTALLS_PINNED', 'MIGRATION_BEFORE'])
    await unpin()
    await expect.poll(async () => (await statusOf(3)).phase, { timeout: 20_000 }).toBe('done')
    expect(await catalogue()).toBe(await oneAfterTheOther(V2, V3))
  } finally {
    await migrations.close()
  }
}, 60_000)
