/** A wave that is a cohort asks each tenant once, however many there are; who comes meanwhile, and whose leader changes, is in it all the same. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Connection, Database, JsonObject } from '@backsaas/core'
import { createTenant, listRollouts, migrate, type Rollouts, startRollouts, steerRollout } from '@backsaas/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { schemaOf } from '../registry/start-registry.ts'
import { tableOf } from './start-rolling.ts'

const COUNT = 450
const LONG = { timeout: 30_000, interval: 20 }
/** A third of them, wherever they stand in the order of ids. */
const THIRD = "slug.endsWith('0') || slug.endsWith('3') || slug.endsWith('6')"
const inThird = (slug: string): boolean => /[036]$/.test(slug)

let fixture: Fixture
let leaders: Rollouts[] = []
let release: () => void = () => undefined

beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [schemaOf('shop')] })
  let next = 0
  const work = async (): Promise<void> => {
    while (next < COUNT) await newTenant(`shop-${next++}`)
  }
  await Promise.all([work(), work(), work()])
  await migrate(fixture.database, schemaOf('shop', 'body: { type: text }'), { hold: true })
}, 60_000)
afterEach(async () => {
  release()
  await Promise.all(leaders.map((leader) => leader.close()))
  leaders = []
  await fixture?.close()
})

async function lead(database: Database = fixture.database): Promise<Rollouts> {
  const leader = await startRollouts(database, { intervalMs: 20 })
  leaders.push(leader)
  return leader
}

const newTenant = (slug: string) => createTenant(fixture.database, { slug, schemas: ['shop'] })

async function versions(): Promise<ReadonlyMap<string, number>> {
  const [installs, tenants] = await Promise.all(['installs', 'tenants'].map((entity) => tableOf(fixture, entity)))
  const rows = await fixture.ownerQuery(
    `select t.slug, i.version::text from ${installs} i join ${tenants} t on t.id = i.tenant_id where i.profile = 'shop'`,
  )
  return new Map(rows.map(([slug, version]) => [String(slug), Number(version)]))
}
async function wrong(): Promise<readonly string[]> {
  return [...(await versions())].filter(([slug, version]) => (version === 2) !== inThird(slug)).map(([slug]) => slug)
}

interface Watched {
  readonly database: Database
  /** Tenants that a cohort was asked about. */
  asked(): number
  /** Statements that asked. */
  pages(): number
  /** How often a step has read what the platform's schema is. */
  platforms(): number
}

/** @param onPage after each page, inside the leader's transaction. */
function watch(onPage: (page: number) => Promise<void> = async () => undefined): Watched {
  let [asked, pages, platforms] = [0, 0, 0]
  const watched = (inner: Connection): Connection => ({
    ...inner,
    async batch(statements, hints) {
      const results = await inner.batch(statements, hints)
      for (const [i, { text }] of statements.entries()) {
        if (text.includes('compiled, mapping')) platforms++
        if (!text.includes('json_build_object(') || !text.includes('exists (select from')) continue
        asked += results[i]?.rows.length ?? 0
        await onPage(++pages)
      }
      return results
    },
  })
  const open: Database['open'] = (scope, login) => {
    const connection = fixture.database.open(scope, login)
    return {
      ...connection,
      ...(connection.transaction && {
        transaction: (run) => connection.transaction?.((inner) => run(watched(inner))) as never, // as it is asked
      }),
    }
  }
  return { database: { ...fixture.database, open }, asked: () => asked, pages: () => pages, platforms: () => platforms }
}

const start = (first: JsonObject = { where: THIRD }) =>
  steerRollout(fixture.database, 'start_rollout', {
    schema: 'shop',
    waves: [first, 100],
    bake: '1h',
    gates: { min_requests: 0 },
  })
const rollout = async () => (await listRollouts(fixture.database, 'shop'))[0]
const baked = () => expect.poll(async () => (await rollout())?.baking_since ?? null, LONG).not.toBeNull()
const TENANTS = COUNT + 2 // acme and globex

test('each tenant is asked about once, in pages of those who might move; the last wave asks about nobody', async () => {
  await start()
  const { database, asked, pages, platforms } = watch()
  const leader = await lead(database)
  await baked()
  expect(asked()).toBe(TENANTS)
  // Known since the first look: a step asks only whether there is a newer one.
  expect(platforms()).toBe(0)
  // The last one finds nobody.
  expect(pages()).toBe(Math.ceil(TENANTS / 200) + 1)
  expect(await wrong()).toEqual([])
  await steerRollout(fixture.database, 'advance_rollout', { schema: 'shop' })
  await baked()
  await leader.close()
  expect(asked()).toBe(TENANTS)
  expect([...(await versions()).values()].every((version) => version === 2)).toBe(true)
}, 60_000)

test('who is made while it goes on is in the wave; where another leader goes on, nobody is lost, or asked about once more', async () => {
  await start()
  let stop: () => void = () => undefined
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const first = watch(async (page) => {
    await newTenant(`late-${page}0`)
    if (page === 2) stop()
  })
  const leader = await lead(first.database)
  await stopped
  await leader.close()
  expect((await rollout())?.baking_since).toBeNull()
  expect(first.asked()).toBeLessThan(TENANTS)
  const second = watch()
  const next = await lead(second.database)
  await baked()
  await next.close()
  expect(await wrong()).toEqual([])
  expect((await versions()).get('late-10')).toBe(2)
  expect(first.asked() + second.asked()).toBe(TENANTS + first.pages())
}, 60_000)

test('one that somebody has a lock on is waited for: nobody would come back to it', async () => {
  const installs = await tableOf(fixture, 'installs')
  const tenants = await tableOf(fixture, 'tenants')
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const owner = fixture.database.open({ waitUntil: () => undefined, now: Date.now }, 'owner')
  const holding = owner.transaction?.(async (inner) => {
    const text = `select 1 from ${installs} where tenant_id = (select id from ${tenants} where slug = 'shop-13') for update`
    await inner.batch([{ text, params: [], prepare: false }])
    await start({ where: "slug == 'shop-13'" })
    await held
  })
  await expect.poll(rollout, LONG).toBeTruthy()
  const leader = await lead()
  await delay(1000)
  expect(await rollout()).toMatchObject({ wave: 0, baking_since: null })
  release()
  await holding
  await baked()
  await leader.close()
  expect((await versions()).get('shop-13')).toBe(2)
  expect(await rollout()).toMatchObject({ wave: 0, moved: 1 })
}, 60_000)

test('with a percentage before it, a wave has both', async () => {
  await steerRollout(fixture.database, 'start_rollout', {
    schema: 'shop',
    waves: [{ percent: 10, bake: 0 }, { where: THIRD, bake: '1h' }, 100],
    gates: { min_requests: 0 },
  })
  const leader = await lead()
  await expect.poll(async () => (await rollout())?.wave, LONG).toBe(1)
  await baked()
  await leader.close()
  const moved = [...(await versions())].filter(([, version]) => version === 2).map(([slug]) => slug)
  expect((await wrong()).every((slug) => !inThird(slug))).toBe(true)
  const others = moved.filter((slug) => !inThird(slug)).length
  expect(others / (TENANTS * 0.66)).toBeGreaterThan(0.04)
  expect(others / (TENANTS * 0.66)).toBeLessThan(0.16)
}, 60_000)
