/** A runtime whose clock is an hour off: what it counts is judged all the same, it learns of each move in time, and nobody takes it for dead. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createKey } from '@backsaas/migrator'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Caller, createCaller } from '../fixture/caller.ts'
import { type Rolling, startRolling, VERSIONS } from './start-rolling.ts'

const HOUR_MS = 3_600_000
const MANY = 120
const CALM = { p95_ratio: 1000 }
const WAVES = { waves: [{ where: "slug == 'shop-1'" }, 100], gates: CALM }
/** A few beats. */
const SOON = { timeout: 3000, interval: 50 }
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
let rolling: Rolling
let child: ChildProcess | undefined
let callers: readonly Caller[]

afterEach(async () => {
  child?.kill('SIGKILL')
  await rolling.close()
})

async function serve(shiftMs: number): Promise<string> {
  const args = ['--conditions=@backsaas/source', '--import', path('shift-clock.ts'), path('serving-process.ts')]
  const started = spawn(process.execPath, [...args, rolling.registry.fixture.url ?? ''], {
    env: { ...process.env, SHIFT_MS: String(shiftMs) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child = started
  const [said] = await once(started.stdout, 'data')
  const { url, now } = JSON.parse(String(said)) as { url: string; now: number }
  // As far off as it is meant to be.
  expect(Math.abs(now - Date.now() - shiftMs)).toBeLessThan(60_000)
  return url
}

describe.each([
  ['ahead', HOUR_MS],
  ['behind', -HOUR_MS],
])('an hour %s', (_, shiftMs) => {
  beforeEach(async () => {
    rolling = await startRolling(3, false)
    const url = await serve(shiftMs)
    const callerOf = async (slug: string): Promise<Caller> => {
      const { key } = await createKey(rolling.registry.fixture.database, { tenant: slug, name: 'client' })
      return createCaller({ slug, id: '', key, send: (to, init) => fetch(`${url}${to}`, init) })
    }
    callers = await Promise.all(rolling.slugs.map(callerOf))
  })

  const all = (version: number): Record<string, number> =>
    Object.fromEntries(rolling.slugs.map((slug) => [slug, version]))
  /** By whom `note` is known, which version 1 does not have. */
  const known = async () =>
    Promise.all(callers.map(async (caller) => (await caller.get('/orders?select=note')).status === 200))
  async function ask(count: number): Promise<void> {
    for (let n = 0; n < count; n++) for (const caller of callers) await caller.post('/orders', { title: `n${n}` })
  }
  const health = async () => (await rolling.rollout()).health as Record<'from' | 'to', Record<string, number>> | null

  test('what it has counted halts a version that fails, and it serves what each install has, a beat later', async () => {
    await rolling.publish(VERSIONS.failing, { hold: true })
    await ask(MANY / 3)
    await rolling.start({ ...WAVES, bake: '1h', gates: { ...CALM, min_requests: MANY } })
    await expect.poll(rolling.versions).toEqual({ ...all(1), 'shop-1': 2 })
    await expect.poll(known, SOON).toEqual([true, false, false])
    const before = (await health())?.to?.answered ?? 0
    await ask(MANY / 2)
    await expect.poll(async () => (await health())?.to?.answered, SOON).toBeGreaterThanOrEqual(before + MANY / 2)
    expect(await rolling.rollout()).toMatchObject({ state: 'running' })
    await ask(MANY / 2 + 1)
    const halted = await rolling.until('halted')
    expect(halted).toMatchObject({ moved: 0, problem: { code: 'ERROR_RATE' } })
    await expect.poll(known, SOON).toEqual([false, false, false])
  })

  test('a good version is brought to all by what it has counted, after the time of the bakes', async () => {
    await rolling.publish(VERSIONS.two, { hold: true })
    await rolling.start({ ...WAVES, bake: '1s' })
    const startedAt = performance.now()
    const asking = (async () => {
      while ((await rolling.rollout()).state === 'running') await ask(5)
    })()
    await rolling.until('done')
    await asking
    // Both bakes. Where nothing of it counted, it would have halted for silence.
    expect(performance.now() - startedAt).toBeGreaterThan(2000)
    await expect.poll(known, SOON).toEqual([true, true, true])
  })

  test('it is seen by the clock of the database, again and again', async () => {
    const seen = async () =>
      rolling.registry.fixture.ownerQuery(
        `select (seen_at between clock_timestamp() - interval '3 seconds' and clock_timestamp())::text
         from ${await rolling.table('runtimes')} where name = 'off'`,
      )
    expect(await seen()).toEqual([['true']])
    await delay(4000)
    expect(await seen()).toEqual([['true']])
  })
})
