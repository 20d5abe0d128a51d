/** The migrator process from start to stop: sets the databases up, relays events, does jobs and runs migrations. */
import { pg } from '@backsaas/adapters/databases/pg'
import type { Database } from '@backsaas/core'
import {
  bootstrap,
  type Executor,
  type ExecutorOptions,
  placeOf,
  startDeliveries,
  startExecutor,
  startMigrations,
  startRelay,
  startReminders,
  startRollouts,
  startWorker,
} from '@backsaas/migrator'
import { policies } from '@backsaas/plugins/policies'
import { createRuntime } from '@backsaas/runtime'
import { curated } from '../curated.ts'
import { decide } from '../decide.ts'
import { type Close, closeAll } from '../dev/close-all.ts'
import { listen } from '../dev/listen.ts'
import { type LogForm, logRequests } from '../dev/log-requests.ts'
import type { Io } from '../io.ts'
import { migrationHooks } from '../migration-hooks.ts'
import { type BusSettings, openBus } from '../open-bus.ts'
import { openNamed } from '../open-named.ts'
import { readOutside } from '../outside.ts'
import { becomeReady } from '../serve/become-ready.ts'
import { setUpNamed, workNamed } from './work-named.ts'

export interface MigratorSettings {
  readonly databaseUrl: string
  /** Where to listen for what is notified, if not at `databaseUrl`. */
  readonly directUrl: string | null
  /** Whether the database is set up, and what is missing of it repaired, before anything else. */
  readonly bootstraps: boolean
  /** A module of the developer's own functions; null for the shipped ones alone. */
  readonly functionsModule: string | null
  /** Whether the work of hooks after a write is done here too. */
  readonly worksHooks: boolean
  /** A module of what conversions of migrations name; null for none. */
  readonly migrationHooksModule: string | null
  /** Null for none; 0 for any port that is free. */
  readonly healthPort: number | null
  readonly host: string
  readonly log: LogForm
  readonly bus: BusSettings
}

const HEALTH_MS = 2_000
const SCOPE = { waitUntil: (): void => {}, now: (): number => Date.now() }

/**
 * Works until the process is asked to stop; then it ends the jobs under way. A database that is not there yet is waited for.
 *
 * @throws `DATABASE_URL_INVALID`, `DATABASES_INVALID`, `REDIS_URL_INVALID`, `BOOTSTRAP_NEEDS_CREATEROLE`, `PORT_IN_USE` and others, each saying what
 *   to do.
 */
export async function runMigrator(settings: MigratorSettings, io: Io): Promise<void> {
  const stopped = io.untilStopped()
  const open: Close[] = []
  try {
    const observe = logRequests(settings.log, io)
    const listener = settings.healthPort === null ? null : await listen(settings.healthPort, settings.host)
    if (listener) open.push(listener.close)
    const database = pg(settings.databaseUrl, settings.directUrl === null ? {} : { directUrl: settings.directUrl })
    open.push(async () => database.close?.())
    const named = openNamed(io.env)
    open.push(...Object.values(named).map((one) => async () => one.close?.()))
    const fleet = { home: database, named }
    const bus = await openBus(database, settings.bus, observe)
    open.push(async () => bus.close?.())
    const plugin = await curated(settings.functionsModule === null ? {} : { functions: settings.functionsModule })
    const { functions } = plugin
    const hooks = await migrationHooks(settings.migrationHooksModule ?? undefined)
    const whenThere = <T>(begin: () => Promise<T>): Promise<T | null> => becomeReady(begin, observe, stopped)
    // Whose the others are is said by home.
    if (settings.bootstraps && !(await whenThere(() => isThere(database)))) return
    const isSetUp = settings.bootstraps ? await setUpNamed(fleet, observe, io) : null
    if (settings.bootstraps && !(await whenThere(() => setUp(database, io)))) return
    const relay = await whenThere(() => startRelay(database, bus, { observe }))
    if (!relay) return
    open.push(relay.close)
    const worker = await whenThere(() => startWorker(fleet, { decide, functions, observe }))
    if (!worker) return
    open.push(worker.close)
    let executing: ExecutorOptions | null = null
    if (settings.worksHooks) {
      const { outside, worker: lent } = await readOutside(io.env)
      // What functions ask of the data API goes through a runtime of their own. It closes databases: its own.
      const own = pg(settings.databaseUrl, settings.directUrl === null ? {} : { directUrl: settings.directUrl })
      const runtime = createRuntime({
        ...{ database: own, databases: openNamed(io.env), observe, outside, beat: false },
        plugins: [policies(), plugin],
      })
      open.push(() => runtime.close())
      const options: ExecutorOptions = { ...lent, functions, ask: runtime.ask, observe }
      const executor = await whenThere(async (): Promise<Executor> => {
        await runtime.ready()
        return startExecutor(database, options)
      })
      executing = options
      if (!executor) return
      open.push(executor.close)
    }
    const migrations = await whenThere(() => startMigrations(database, { observe, hooks }))
    if (!migrations) return
    open.push(migrations.close)
    open.push(workNamed({ fleet, observe, isSetUp, hooks, executor: executing }, io))
    const deliveries = await whenThere(() => startDeliveries(fleet, { observe }))
    if (!deliveries) return
    open.push(deliveries.close)
    const rollouts = await whenThere(() => startRollouts(database, { observe }))
    if (!rollouts) return
    open.push(rollouts.close)
    const reminders = await whenThere(() => startReminders(database, { observe }))
    if (!reminders) return
    open.push(reminders.close)
    listener?.serve((request) => health(request, database))
    observe({ kind: 'lifecycle', what: 'ready' })
    const at = listener ? `; health at ${listener.url}/healthz` : ''
    if (settings.log === 'text') io.out(`BackSaaS migrates, events over ${bus.name}${at}.`)
    await stopped
    observe({ kind: 'lifecycle', what: 'closing' })
  } finally {
    await closeAll(open)
  }
}

async function isThere(database: Database): Promise<true> {
  await placeOf(database)
  return true
}

async function setUp(database: Database, io: Io): Promise<true> {
  await bootstrap(database, { decide, report: io.err })
  return true
}

/** 200 while the database answers: what works here comes back by itself after whatever went wrong. */
async function health(request: Request, database: Database): Promise<Response> {
  if (new URL(request.url).pathname !== '/healthz') return new Response(null, { status: 404 })
  const isThere = await Promise.race([
    ping(database),
    new Promise<boolean>((resolve) => setTimeout(resolve, HEALTH_MS, false)),
  ])
  return Response.json({ status: isThere ? 'ok' : 'database unreachable' }, { status: isThere ? 200 : 503 })
}

async function ping(database: Database): Promise<boolean> {
  try {
    await database.open(SCOPE, 'migrator').batch([{ text: 'select 1', params: [], prepare: false }])
    return true
  } catch {
    return false // the answer says so
  }
}
