/** The production server from start to stop. */
import { pg } from '@backsaas/adapters/databases/pg'
import { policies } from '@backsaas/plugins/policies'
import { createRuntime } from '@backsaas/runtime'
import { curated } from '../curated.ts'
import { type Close, closeAll } from '../dev/close-all.ts'
import { listen } from '../dev/listen.ts'
import { type LogForm, logRequests } from '../dev/log-requests.ts'
import type { Io } from '../io.ts'
import { type BusSettings, openBus } from '../open-bus.ts'
import { openNamed } from '../open-named.ts'
import { readOutside } from '../outside.ts'
import { becomeReady } from './become-ready.ts'

export interface ServeSettings {
  /** 0 for any that is free. */
  readonly port: number
  readonly host: string
  readonly databaseUrl: string
  /** Where to listen for what is notified, if not at `databaseUrl`. */
  readonly directUrl: string | null
  readonly serveAs: 'runtime' | 'given'
  readonly hostSuffix: string | null
  /** A module of the developer's own functions; null for the shipped ones alone. */
  readonly functionsModule: string | null
  readonly log: LogForm
  readonly bus: BusSettings
}

/**
 * Serves until the process is asked to stop; a database that is not there or not set up yet is waited for.
 *
 * @throws `PORT_IN_USE`, `DATABASE_URL_INVALID`, `DATABASES_INVALID`, `REDIS_URL_INVALID`, `LOGIN_TOO_POWERFUL` and others, each saying what to do.
 */
export async function runServe(settings: ServeSettings, io: Io): Promise<void> {
  const stopped = io.untilStopped()
  const open: Close[] = []
  try {
    const listener = await listen(settings.port, settings.host)
    open.push(listener.close)
    const observe = logRequests(settings.log, io)
    const database = pg(settings.databaseUrl, {
      serveAs: settings.serveAs,
      ...(settings.directUrl !== null && { directUrl: settings.directUrl }),
    })
    open.push(async () => database.close?.())
    const databases = openNamed(io.env, { serveAs: settings.serveAs })
    open.push(...Object.values(databases).map((one) => async () => one.close?.()))
    const bus = await openBus(database, settings.bus, observe)
    open.push(async () => bus.close?.())
    const functions = await curated(settings.functionsModule === null ? {} : { functions: settings.functionsModule })
    const { outside } = await readOutside(io.env)
    const runtime = createRuntime({
      database,
      databases,
      bus,
      observe,
      outside,
      plugins: [policies(), functions],
      ...(settings.hostSuffix !== null && { hostSuffix: settings.hostSuffix }),
    })
    open.push(() => runtime.close())
    // What is under way is answered before anything behind it closes.
    open.push(listener.close)
    const ready = async (): Promise<true> => {
      await runtime.ready()
      return true
    }
    if (!(await becomeReady(ready, observe, stopped))) return
    listener.serve((request) => runtime.fetch(request))
    io.out(`BackSaaS serves at ${listener.url}, events over ${bus.name}.`)
    await stopped
  } finally {
    await closeAll(open)
  }
}
