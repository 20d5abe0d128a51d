/** A migration that cannot be taken back now: refused when it is asked for, and waited for where it became so after it was promised. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Registry, type RegistryCaller, schemaOf, startRegistry } from '../registry/start-registry.ts'

const LONG = { timeout: 30_000, interval: 50 } as const
const LOOK_MS = 100
const NARROWED = schemaOf('ledger').replace('title: { type: string }', 'title: { type: string, max: 5 }')
const ROLLOUT = {
  schema: 'ledger',
  waves: [{ where: "slug == 'nobody'" }, 100],
  bake: '1h',
  gates: { min_requests: 0 },
}
const PIN = { profile: 'ledger', version: 2, until: '30d', reason: 'their year ends' }

let registry: Registry
const alarms: unknown[] = []

beforeAll(async () => {
  const observe = (alarm: unknown): void => void alarms.push(alarm)
  registry = await startRegistry({ database: 'postgres' }, {}, { intervalMs: LOOK_MS, recheckMs: 300, observe })
})
afterAll(() => registry?.close())

/** A tenant with a breaking version of its schema that serves, held back, beside the one that it has. */
async function live(source: string = NARROWED, before = schemaOf('ledger')): Promise<[RegistryCaller, string]> {
  const owner = await registry.newTenant()
  expect((await owner.rpc('publish_schema', { source: before })).status).toBe(201)
  const { row } = await owner.rpc('publish_schema', { source, hold: true })
  const id = String(row.migration_id)
  await expect.poll(async () => (await standing(owner, id)).phase, LONG).toBe('live')
  await expect.poll(async () => (await epoch(id)).isFree, LONG).toBe(true)
  return [owner, id]
}

async function standing(owner: RegistryCaller, id: string): Promise<Record<string, unknown>> {
  return (await owner.get(`/migrations?id=eq.${id}`)).rows[0] ?? {}
}

async function epoch(id: string): Promise<{ readonly taken: number; readonly isFree: boolean }> {
  const [row] = await registry.fixture.ownerQuery(
    `select lease_epoch::text, (lease_until <= clock_timestamp())::text from backsaas.migrations where id = '${id}'`,
  )
  return { taken: Number(row?.[0]), isFree: row?.[1] === 'true' }
}

/** Asks for it while another migrator, which does nothing, has the lease; `meanwhile` something happens. */
async function promised(owner: RegistryCaller, id: string, meanwhile: () => Promise<unknown>): Promise<void> {
  const lease = (until: string): Promise<unknown> =>
    registry.fixture.ownerQuery(`update backsaas.migrations set lease_until = ${until} where id = '${id}'`)
  await lease(`clock_timestamp() + interval '1 hour'`)
  expect((await owner.rpc('rollback_migration', { migration: id })).status).toBe(200)
  await meanwhile()
  await lease(`'-infinity'`)
}

async function says(owner: RegistryCaller, kind: string, given: object): Promise<Record<string, unknown>> {
  const answer = await owner.rpc(kind, given)
  expect(answer.status, answer.text).toBeLessThan(202)
  return answer.row
}

test('asked for while a roll-out is open it is refused, and nothing is promised', async () => {
  const [owner, id] = await live()
  await says(owner, 'start_rollout', ROLLOUT)
  const refused = await owner.rpc('rollback_migration', { migration: id })
  expect([refused.status, refused.row]).toMatchObject([
    409,
    { code: 'ROLLOUT_OPEN', hint: expect.stringContaining('abort'), details: { state: 'running', to_version: 2 } },
  ])
  await delay(3 * LOOK_MS)
  expect(await standing(owner, id)).toMatchObject({ phase: 'live', problem: null })
  await says(owner, 'abort_rollout', { schema: 'ledger' })
  await expect.poll(async () => (await owner.rpc('rollback_migration', { migration: id })).status, LONG).toBe(200)
  await expect.poll(async () => (await standing(owner, id)).phase, LONG).toBe('rolled_back')
})

test('a roll-out that is opened after it was promised is waited for: the row says so, and nobody is alarmed', async () => {
  const [owner, id] = await live()
  alarms.length = 0
  await promised(owner, id, () => says(owner, 'start_rollout', ROLLOUT))
  await expect.poll(async () => (await standing(owner, id)).state, LONG).toBe('waiting')
  const noted = await standing(owner, id)
  expect(noted).toMatchObject({
    phase: 'live',
    problem: { code: 'ROLLOUT_OPEN', hint: expect.stringContaining('abort') },
  })
  const before = await epoch(id)
  await delay(10 * LOOK_MS)
  // It is looked at again at each look, no more often; nothing new is written down.
  const looks = (await epoch(id)).taken - before.taken
  expect(looks).toBeGreaterThan(1)
  expect(looks).toBeLessThanOrEqual(11)
  expect(await standing(owner, id)).toEqual(noted)
  expect(alarms).toEqual([])
  await says(owner, 'abort_rollout', { schema: 'ledger' })
  await expect.poll(async () => (await standing(owner, id)).phase, LONG).toBe('rolled_back')
  expect(await standing(owner, id)).toMatchObject({ state: 'ended', problem: null })
})

test('so is a pin, by name; who wants something else instead waits for nothing any more', async () => {
  const [owner, id] = await live()
  alarms.length = 0
  await promised(owner, id, () => says(owner, 'pin_install', PIN))
  await expect.poll(async () => (await standing(owner, id)).state, LONG).toBe('waiting')
  const { slug } = owner.tenant
  expect((await standing(owner, id)).problem).toMatchObject({
    code: 'INSTALLS_PINNED',
    message: expect.stringContaining(PIN.reason),
    hint: expect.stringContaining(`backsaas unpin ${slug} ledger`),
    count: 1,
    samples: [{ tenant: slug, profile: 'ledger', version: 2, reason: PIN.reason, overdue: false }],
  })
  await says(owner, 'continue_migration', { migration: id })
  await expect.poll(async () => (await standing(owner, id)).state, LONG).toBe('ready')
  expect((await standing(owner, id)).problem).toBeNull()
  expect((await owner.rpc('rollback_migration', { migration: id })).row.code).toBe('INSTALLS_PINNED')
  await says(owner, 'unpin_install', { profile: 'ledger' })
  await says(owner, 'rollback_migration', { migration: id })
  await expect.poll(async () => (await standing(owner, id)).phase, LONG).toBe('rolled_back')
  expect(alarms).toEqual([])
})

test('rows that the older version does not allow are told, and it goes back once they are corrected', async () => {
  const before = schemaOf('ledger', 'n: { type: integer }').replace('string }', 'string, max: 5 }')
  const [owner, id] = await live(schemaOf('ledger', 'n: { type: string, max: 20 }'), before)
  alarms.length = 0
  const newer = { 'schema-version': '2', 'content-profile': 'ledger' }
  expect((await owner.tenant.send('POST', '/notes', { title: 'longer than five', n: '1' }, newer)).status).toBe(201)
  expect((await owner.rpc('rollback_migration', { migration: id })).status).toBe(200)
  await expect.poll(async () => (await standing(owner, id)).state, LONG).toBe('blocked')
  expect(await standing(owner, id)).toMatchObject({
    phase: 'live',
    problem: { code: 'OUT_OF_BOUNDS', count: 1, samples: [{ title: 'longer than five' }] },
  })
  const corrected = await owner.tenant.send('PATCH', '/notes?n=eq.1', { title: 'short' }, newer)
  expect(corrected.status, corrected.text).toBe(204)
  await expect.poll(async () => (await standing(owner, id)).phase, LONG).toBe('rolled_back')
  expect(alarms).toEqual([])
})

test('a contract that was begun by hand meanwhile, and died: it is too late, which is told once', async () => {
  const [owner, id] = await live()
  alarms.length = 0
  await promised(owner, id, () =>
    registry.fixture.ownerQuery(`update backsaas.migrations set step_cursor = 'retired' where id = '${id}'`),
  )
  await expect.poll(async () => (await standing(owner, id)).state, LONG).toBe('failed')
  expect((await standing(owner, id)).problem).toMatchObject({ code: 'ROLLBACK_TOO_LATE' })
  const { taken } = await epoch(id)
  await delay(5 * LOOK_MS)
  expect((await epoch(id)).taken).toBe(taken)
  expect(alarms).toEqual([])
})

test('what the database refuses on the way back is told too, and tried again', async () => {
  const [owner, id] = await live(schemaOf('ledger', 'more: { type: string, required: true, fill: { cel: title } }'))
  const [row] = await registry.fixture.ownerQuery(
    `select format('%I.%I', p.pg_schema, v.mapping::json -> 'entities' -> 'notes' ->> 'table')
     from backsaas.migrations m join backsaas.placements p on p.id = m.placement_id
     join backsaas.versions v on v.placement_id = p.id and v.version = 2 where m.id = '${id}'`,
  )
  await registry.fixture.ownerQuery(`create view public.reader as select more from ${row?.[0]}`)
  await says(owner, 'rollback_migration', { migration: id })
  await expect.poll(async () => (await standing(owner, id)).state, LONG).toBe('waiting')
  expect(await standing(owner, id)).toMatchObject({
    phase: 'rollback',
    problem: { code: 'MIGRATION_FAILED', message: expect.stringContaining('depend'), hint: expect.any(String) },
  })
  await registry.fixture.ownerQuery('drop view public.reader')
  await expect.poll(async () => (await standing(owner, id)).phase, LONG).toBe('rolled_back')
})
