/** What a server and a migrator ask of each database while nobody asks anything of them. */
import { setTimeout as delay } from 'node:timers/promises'
import { memory } from '@backsaas/adapters/buses/memory'
import type { Database } from '@backsaas/core'
import {
  type Fleet,
  intoOutbox,
  startDeliveries,
  startExecutor,
  startMigrations,
  startRelay,
  startReminders,
  startRollouts,
  startWorker,
} from '@backsaas/migrator'
import { createRuntime } from '@backsaas/runtime'
import { connect } from '../connect.ts'
import { type Counts, counting } from './count-statements.ts'
import type { BenchFleet } from './open-fleet.ts'

export interface Idle {
  readonly database: string
  /** Of a process that migrates and relays. */
  readonly migratorStatementsPerMinute: number
  readonly migratorConnections: number
  /** Of a runtime that has served somebody there. */
  readonly runtimeStatementsPerMinute: number
  readonly runtimeConnections: number
}

const SETTLES_MS = 20_000
const SECONDS = 60

export async function measureIdle({ fleet, serving, urlOf }: BenchFleet): Promise<readonly Idle[]> {
  const names = ['home', ...Object.keys(fleet.named)]
  const counts = (): Map<string, Counts> => new Map(names.map((name) => [name, { statements: 0, trips: 0 }]))
  const [migrating, running] = [counts(), counts()]
  const through = (database: Database, name: string, of: Map<string, Counts>): Database =>
    counting(database, of.get(name) ?? { statements: 0, trips: 0 })
  const home = through(fleet.home, 'home', migrating)
  const named = Object.entries(fleet.named).map(([name, one]) => [name, through(one, name, migrating)] as const)
  const all: Fleet = { home, named: Object.fromEntries(named) }
  const { database, databases } = serving()
  const others = Object.entries(databases).map(([name, one]) => [name, through(one, name, running)] as const)
  const runtime = createRuntime({
    database: through(database, 'home', running),
    databases: Object.fromEntries(others),
  })
  await runtime.ready()
  const bus = memory()
  const { ask } = runtime
  const working = await Promise.all([
    startRelay(home, bus),
    startWorker(home),
    startMigrations(home),
    startExecutor(home, { ask, functions: [] }),
    startRollouts(home),
    startReminders(home),
    startDeliveries(all),
    ...named.flatMap(([, one]) => [
      startRelay(one, intoOutbox(home)),
      startMigrations(one, { home }),
      startExecutor(one, { ask, functions: [], registry: home }),
    ]),
  ])
  // What there was to send is sent, and pauses have grown to what they are where nothing happens.
  await delay(SETTLES_MS)
  const before = [migrating, running].map((of) => new Map([...of].map(([name, { statements }]) => [name, statements])))
  await delay(SECONDS * 1000)
  const perMinute = (of: Map<string, Counts>, at: number, name: string): number =>
    Math.round((((of.get(name)?.statements ?? 0) - (before[at]?.get(name) ?? 0)) * 60) / SECONDS)
  const figures: Idle[] = []
  for (const name of names) {
    const url = urlOf(name === 'home' ? null : name)
    figures.push({
      database: name,
      migratorStatementsPerMinute: perMinute(migrating, 0, name),
      migratorConnections: await connections(url, 'migrator'),
      runtimeStatementsPerMinute: perMinute(running, 1, name),
      runtimeConnections: await connections(url, 'runtime'),
    })
  }
  await Promise.all(working.map((one) => one.close()))
  await runtime.close()
  await bus.close?.()
  return figures
}

/** By whose login. */
async function connections(url: string, whose: 'migrator' | 'runtime'): Promise<number> {
  const sql = connect(url)
  const [row] = await sql`select count(*)::int as n from pg_stat_activity
    where datname = current_database() and usename like ${`backsaas_${whose}%`}`
  await sql.end()
  return Number(row?.n)
}
