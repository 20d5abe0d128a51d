/** What a wave is judged by began with it: not what was answered before, of whoever tried the version, of the wave before, or of what halted. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import { type Rolling, startRolling, VERSIONS } from './start-rolling.ts'

/** One answer in twenty fails. */
const MANY = 120
const CALM = { p95_ratio: 1000 }
const WAVES = { waves: [{ where: "slug == 'shop-1'" }, 100], bake: '1h', gates: CALM }
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
const say = (kind: string) => rolling.registry.system.rpc(kind, { schema: 'shop' })

/** Asks the version, which fails of these more than a roll-out takes, and waits until the runtime has told it. */
async function ask(): Promise<void> {
  const before = await told()
  for (let n = 0; n < MANY; n++) await caller.post('/orders', { title: `n${n}` }, { 'schema-version': '2' })
  await expect.poll(told).toBe(before + MANY)
}
async function told(): Promise<number> {
  const [row] = await rolling.registry.fixture.ownerQuery(
    `select coalesce(sum((v -> 'usage' ->> 'answered')::int), 0)::text from ${await rolling.table('runtimes')} r,
       jsonb_array_elements(r.serving -> 'versions') v join backsaas.placements p on p.id::text = v ->> 'placement_id'
     where p.schema_name = 'shop' and v ->> 'version' = '2'`,
  )
  return Number(row?.[0])
}
async function goesOn(versions: object): Promise<void> {
  await expect.poll(rolling.versions).toEqual(versions)
  await expect.poll(async () => (await rolling.rollout()).baking_since).toBeTruthy()
  await delay(500)
  expect(await rolling.rollout()).toMatchObject({ state: 'running', health: { to: { answered: 0, failed: 0 } } })
  expect(await rolling.versions()).toEqual(versions)
}

test('whoever tried a version before its roll-out does not halt it', async () => {
  await ask()
  await rolling.start(WAVES)
  await goesOn({ ...all(1), 'shop-1': 2 })
})

test('a wave begins with nothing of the one before, advanced by hand in spite of what that one showed', async () => {
  await ask()
  await rolling.start({ ...WAVES, gates: { ...CALM, min_requests: MANY + 1 } })
  await goesOn({ ...all(1), 'shop-1': 2 })
  await ask()
  await say('advance_rollout')
  await goesOn(all(2))
})

test('what has halted is resumed, moves anew, and halts by what is answered from then on', async () => {
  await rolling.start(WAVES)
  await goesOn({ ...all(1), 'shop-1': 2 })
  await ask()
  expect(await rolling.until('halted')).toMatchObject({ problem: { code: 'ERROR_RATE' } })
  expect(await rolling.versions()).toEqual(all(1))
  expect((await say('resume_rollout')).row).toMatchObject({ state: 'running', wave: 1 })
  await goesOn({ ...all(1), 'shop-1': 2 })
  await ask()
  expect(await rolling.until('halted')).toMatchObject({ problem: { code: 'ERROR_RATE' } })
  expect(await rolling.versions()).toEqual(all(1))
})
