/** The development server from start to stop: everything is composed here, and closed in the opposite order. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Observe } from '@backsaas/core'
import {
  type Executor,
  type Relay,
  startDeliveries,
  startExecutor,
  startMigrations,
  startRelay,
  startReminders,
  startRollouts,
  startWorker,
  type Worker,
} from '@backsaas/migrator'
import { policies } from '@backsaas/plugins/policies'
import { createRuntime } from '@backsaas/runtime'
import { curated } from '../curated.ts'
import { decide } from '../decide.ts'
import type { Io } from '../io.ts'
import { type BusSettings, openOwnBus } from '../open-bus.ts'
import { openDatabase } from '../open-database.ts'
import { readOutside } from '../outside.ts'
import { type Close, closeAll } from './close-all.ts'
import { prepareFolder } from './data-folder.ts'
import { type DevFile, readDevFile, writeDevFile } from './dev-file.ts'
import { readExample } from './example.ts'
import { listen } from './listen.ts'
import { type LogForm, logRequests } from './log-requests.ts'
import { migrateExample } from './migrate-example.ts'
import { prepareTenants } from './prepare-tenants.ts'
import { welcome } from './welcome.ts'

export interface DevSettings {
  /** 0 for any that is free. */
  readonly port: number
  readonly host: string
  readonly dataFolder: string
  /** Null for PGlite in the data folder. */
  readonly databaseUrl: string | null
  /** Null for the repository's own. */
  readonly exampleFolder: string | null
  /** A module of the developer's own functions; null for the shipped ones alone. */
  readonly functionsModule: string | null
  readonly log: LogForm
  readonly bus: BusSettings
}

/** How long a start that was interrupted may take to come to a point where it can be closed. */
const INTERRUPTED_START_MS = 5_000

/**
 * Serves until the process is asked to stop.
 *
 * @throws `PORT_IN_USE`, `FOLDER_UNWRITABLE`, `DATA_FOLDER_UNUSABLE`, `DATABASE_UNREACHABLE` and others, each saying what to
 *   do; what was opened until then is closed.
 */
export async function runDev(settings: DevSettings, io: Io): Promise<void> {
  const stopped = io.untilStopped()
  const open: Close[] = []
  try {
    const started = start(settings, io, open)
    await Promise.race([started, stopped])
    await stopped
    await Promise.race([started, delay(INTERRUPTED_START_MS, undefined, { ref: false })])
  } finally {
    await closeAll(open)
  }
}

/** Puts a way to close each thing that it opens into `open`. */
async function start(settings: DevSettings, io: Io, open: Close[]): Promise<void> {
  const { dataFolder, databaseUrl } = settings
  // The port comes first: where it is taken, no data is touched.
  const listener = await listen(settings.port, settings.host)
  open.push(listener.close)
  prepareFolder(dataFolder)
  const example = readExample(settings.exampleFolder)
  const database = await openDatabase(databaseUrl ?? `pglite:${dataFolder}`)
  open.push(async () => database.close?.())

  const functions = await curated(settings.functionsModule === null ? {} : { functions: settings.functionsModule })
  const schema = await migrateExample(database, example.schema, functions.functions, io)
  const log = logRequests(settings.log, io)
  const bus = await openOwnBus(settings.bus, log)
  open.push(async () => bus.close?.())
  let relay: Relay | null = null
  let executor: Executor | null = null
  let worker: Worker | null = null
  const observe: Observe = (observation) => {
    // The start's own requests are nobody's.
    if (relay !== null || observation.kind === 'error') log(observation)
    // What a write tells is passed on at once, not at the relay's next look.
    if (observation.kind === 'request' && observation.method !== 'GET') {
      relay?.kick()
      executor?.kick()
    }
    if (observation.kind === 'job') worker?.kick()
  }
  const { outside, worker: lent } = await readOutside(io.env)
  const runtime = createRuntime({ database, bus, observe, outside, plugins: [policies(), functions] })
  open.push(() => runtime.close())
  await runtime.ready()
  const served: Omit<DevFile, 'url'> = await prepareTenants({
    database,
    schema,
    example,
    dataFolder,
    url: listener.url,
    known: readDevFile(dataFolder),
    fetch: async (request) => runtime.fetch(request),
  })
  relay = await startRelay(database, bus, { observe: log })
  open.push(relay.close)
  worker = await startWorker(database, { decide, functions: functions.functions, observe: log })
  open.push(worker.close)
  open.push((await startMigrations(database, { observe: log })).close)
  open.push((await startRollouts(database, { observe: log })).close)
  open.push((await startDeliveries({ home: database, named: {} }, { observe: log })).close)
  open.push((await startReminders(database, { observe: log })).close)
  executor = await startExecutor(database, {
    ...lent,
    functions: functions.functions,
    ask: runtime.ask,
    observe: log,
  })
  open.push(executor.close)
  // What is under way is answered before anything behind it closes.
  open.push(listener.close)

  const devFile: DevFile = { url: listener.url, ...served }
  writeDevFile(dataFolder, devFile)
  listener.serve((request) => runtime.fetch(request))
  io.out(
    welcome(devFile, {
      dataFolder,
      database: databaseUrl === null ? 'PGlite' : 'Postgres',
      redis: settings.bus.redisUrl !== null,
    }),
  )
}
