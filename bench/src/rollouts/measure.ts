/** A version that is held back is delivered to all stores, rolled out in waves, and what is before it taken away, under clients that write. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '@backsaas/core'
import {
  listDeliveries,
  listRollouts,
  listStores,
  migrate,
  migrationStatus,
  runMigration,
  startDeliveries,
  startMigrations,
  startRollouts,
  steerRollout,
} from '@backsaas/migrator'
import { createRuntime } from '@backsaas/runtime'
import { type Clients, ORDERS, quantileOf, startClients } from '../../../tests/stores/clients.ts'
import { type Counts, counting, countingFleet } from './count-statements.ts'
import type { Idle } from './measure-idle.ts'
import { type BenchFleet, storeOf } from './open-fleet.ts'
import { registerTenants, slugOf } from './register-tenants.ts'
import { watchMemory } from './watch-memory.ts'

export interface Measured {
  readonly tenants: number
  readonly change: 'compatible' | 'breaking'
  readonly clients: number
  readonly bake: string
}

export interface Figures {
  readonly all: readonly { readonly what: string; readonly measured: unknown }[]
  readonly stores: readonly object[]
  /** Rows that are not as they were acknowledged, and answers that nothing announced. */
  readonly wrong: readonly string[]
  readonly idle?: readonly Idle[]
}

const WAVES = [1, 10, 50, 100]
const QUIET = { report: () => undefined }

export async function measure(bench: BenchFleet, options: Measured): Promise<Figures> {
  const { fleet, stores } = bench
  const { tenants, change } = options
  await migrate(fleet.home, ORDERS.before, QUIET)
  const registered = none()
  const registering = await timed(() => registerTenants(countingFleet(fleet, registered), tenants, 'shop', stores))
  progress(`${tenants} tenants in ${registering} s`)
  const served = none()
  const { database, databases } = bench.serving()
  const runtime = createRuntime({
    database: counting(database, served),
    databases: countingFleet({ home: database, named: databases }, served).named,
    beat: { leaseMs: 1000, name: 'bench' },
  })
  await runtime.ready()
  const slugs = Array.from({ length: tenants }, (_, i) => slugOf(i))
  const groups = new Map(slugs.map((slug, i) => [slug, storeOf(stores, i).name]))
  const groupOf = (slug: string): string => groups.get(slug) ?? ''
  const clients = startClients(runtime, slugs, { clients: options.clients, pauseMs: 20, groupOf })
  const memory = watchMemory()
  const taken = takings(clients, served)
  await delay(3000)
  const before = taken()

  const delivered = none()
  const delivering = countingFleet(fleet, delivered)
  const { home, named } = delivering
  const working = [
    await startDeliveries(delivering, { intervalMs: 250 }),
    await startMigrations(home, { intervalMs: 250 }),
    ...(await Promise.all(Object.values(named).map((one) => startMigrations(one, { intervalMs: 250, home })))),
  ]
  const published = await timed(() => migrate(home, ORDERS[change], { ...QUIET, hold: true }))
  const delivery = await timed(() => until(() => isDelivered(fleet.home, ['live', 'done'])))
  const sentToDeliver = { ...delivered }
  const duringDelivery = taken()
  progress(`delivered in ${delivery} s`)

  const led = none()
  const rollouts = await startRollouts(counting(fleet.home, led), { intervalMs: 250 })
  let moving = 0
  const rollingOut = await timed(async () => {
    moving = await rollOut(fleet.home, options.bake)
  })
  await rollouts.close()
  const duringRollout = taken()
  const [rollout = {}] = await listRollouts(fleet.home, 'shop')
  progress(`rolled out in ${rollingOut} s: ${rollout.state}`)

  const contracted = change === 'breaking' && rollout.state === 'done' ? await contract(fleet.home) : null
  const duringContract = taken()
  await Promise.all(working.map((one) => one.close()))
  await clients.stop()
  const { rows, wrong } = await clients.check()
  const { heap, rss } = memory.stop()
  await runtime.close()
  const perTenant = (of: number): number => round(of / tenants)
  return {
    all: [
      { what: 'tenants registered, ms each', measured: round((registering * 1000) / tenants) },
      {
        what: 'statements and round trips each',
        measured: `${perTenant(registered.statements)}, ${perTenant(registered.trips)}`,
      },
      { what: 'published in the default store, s', measured: published },
      { what: 'from there to all stores, s', measured: delivery },
      { what: 'statements of the deliverer and migrators until then', measured: sentToDeliver.statements },
      { what: 'state of the roll-out', measured: stateOf(rollout) },
      { what: 'installs that have the new version', measured: rollout.moved },
      { what: 'rolled out in four waves, bakes included, s', measured: rollingOut },
      { what: 'of that, moving, s', measured: moving },
      { what: 'statements of the leader', measured: led.statements },
      ...(contracted === null ? [] : [{ what: 'versions before taken away in all stores, s', measured: contracted }]),
      { what: 'before: answers; p50, p95 ms; round trips each', measured: before },
      { what: 'while it was delivered', measured: duringDelivery },
      { what: 'while it was rolled out', measured: duringRollout },
      ...(contracted === null ? [] : [{ what: 'while the version before was taken away', measured: duringContract }]),
      { what: 'rows acknowledged; lost, wrong or failed', measured: `${rows}; ${wrong.length}` },
      { what: 'heap and memory of runtime, leader and clients at the most, MiB', measured: `${heap}, ${rss}` },
    ],
    stores: await summaries(fleet.home),
    wrong,
  }
}

/** What clients were answered since the last time, in a line. */
function takings(clients: Clients, served: Counts): () => string {
  let trips = 0
  return () => {
    const { statuses, times } = clients.taken()
    const all = [...times.values()].flat()
    const line = [
      JSON.stringify(statuses),
      `${round(quantileOf(all, 0.5))}, ${round(quantileOf(all, 0.95))}`,
      round((served.trips - trips) / Math.max(all.length, 1)),
    ]
    trips = served.trips
    return line.join('; ')
  }
}

/** @returns the seconds of it in which installs moved; the rest it was looked at how they do. */
async function rollOut(home: Database, bake: string): Promise<number> {
  const gates = { p95_ratio: 10, on_silence: 'continue' }
  await steerRollout(home, 'start_rollout', { schema: 'shop', bake, waves: WAVES, gates })
  let moving = 0
  let seenAt = performance.now()
  await until(async () => {
    const [row] = await listRollouts(home, 'shop')
    const now = performance.now()
    if (row?.baking_since === null) moving += now - seenAt
    seenAt = now
    return row?.state !== 'running' && row?.state !== 'returning'
  })
  return round(moving / 1000)
}

/** In the default store, and by the delivery in the others. */
async function contract(home: Database): Promise<number> {
  const [migration] = await migrationStatus(home, { schema: 'shop' })
  if (!migration) throw new Error('a breaking change is a migration')
  return timed(async () => {
    const { id, token } = migration
    await runMigration(home, id, { until: 'done', now: true, ...(token && { token }) })
    await until(() => isDelivered(home, ['done']))
  })
}

/** Where there is one store alone, nothing is to be delivered. */
async function isDelivered(home: Database, states: readonly string[]): Promise<boolean> {
  const [delivery] = await listDeliveries(home, 'shop')
  if (delivery?.state === 'halted') throw new Error(`the delivery halted: ${JSON.stringify(delivery.stores)}`)
  return !delivery || states.includes(delivery.state)
}

async function summaries(home: Database): Promise<readonly object[]> {
  const [delivery] = await listDeliveries(home, 'shop')
  const [rollout] = await listRollouts(home, 'shop')
  const moved = (rollout?.stores ?? []) as unknown as readonly { readonly store: string; readonly moved: number }[] // `countInstalls`
  const stores = await listStores(home)
  return stores.map(({ name, kind, database, tenants }) => {
    const standing = delivery?.stores.find(({ store }) => store === name)
    return {
      store: name,
      kind,
      database: database ?? 'home',
      tenants,
      moved: moved.find(({ store }) => store === name)?.moved ?? 0,
      version: standing?.version ?? null,
      state: standing?.state ?? null,
    }
  })
}

function stateOf({ state, problem }: Readonly<Record<string, unknown>>): string {
  return problem ? `${state} ${JSON.stringify(problem)}` : String(state)
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(50)
}

/** Seconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return round((performance.now() - startedAt) / 1000)
}

function none(): Counts {
  return { statements: 0, trips: 0 }
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
