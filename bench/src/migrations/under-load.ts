/** What clients notice of a migration. */
import { migrationStatus, runMigration } from '@backsaas/migrator'
import { type Holds, startLockMonitor } from '../../../tests/migrations/lock-monitor.ts'
import { request } from './backfill.ts'
import { startLoad } from './load.ts'
import type { World } from './world.ts'

export interface UnderLoad {
  readonly transactions: number
  readonly errors: number
  /** Of the whole migration. */
  readonly holds: Holds
  /** Nothing else going on, and during the backfill: how long, how many requests, their 99th percentile in ms. */
  readonly without: Window
  readonly backfill: Window
}

export interface Window {
  readonly seconds: number
  readonly requests: number
  readonly p99Ms: number
}

/** Locks are looked at so often, before the migration as well: what that costs is in both windows. */
const LOOK_EVERY_MS = 2

/** @param seconds of load before it, for comparison; as long as the backfill takes, best. */
export async function underLoad(world: World, rows: number, rate: number, seconds: number): Promise<UnderLoad> {
  const load = startLoad(world, rows, rate)
  const monitor = await startLockMonitor(world.url, LOOK_EVERY_MS)
  await wait(3)
  load.phase('without')
  await wait(seconds)
  // To plan is work of this process, which holds up what it serves.
  load.phase('other')
  const id = await request(world)
  await runMigration(world.database, id, {
    progress({ phase, step, plan }) {
      const next = plan.steps[step]
      load.phase(phase === 'backfill' && next?.kind === 'backfill' ? 'backfill' : 'other')
    },
  })
  load.phase('both')
  await wait(3)
  const [status] = await migrationStatus(world.database, { schema: 'shop' })
  await runMigration(world.database, id, { until: 'done', now: true, token: status?.token ?? '' })
  await wait(2)
  const holds = await monitor.stop()
  const { transactions, errors, latencies } = await load.stop()
  const window = (name: string): Window => {
    const all = latencies[name] ?? []
    return { seconds: all.length / rate, requests: all.length, p99Ms: quantile(all, 0.99) }
  }
  return {
    transactions,
    errors: Object.values(errors).reduce((a, b) => a + b, 0),
    holds,
    without: window('without'),
    backfill: window('backfill'),
  }
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000))
}
