/** What the migrator process does in the platform's further databases. */
import { setTimeout as delay } from 'node:timers/promises'
import { BackSaasError, type Database, type Observe } from '@backsaas/core'
import {
  attachDatabase,
  bootstrap,
  type ExecutorOptions,
  type Fleet,
  intoOutbox,
  type MigrationsOptions,
  placeOf,
  refuseTakenAs,
  startExecutor,
  startMigrations,
  startRelay,
} from '@backsaas/migrator'
import { decide } from '../decide.ts'
import type { Close } from '../dev/close-all.ts'
import type { Io } from '../io.ts'
import { beginInEach, tellOf } from './begin-in-each.ts'

/** Before the database of the registry is set up, those that answer within this are: what home's servers write there must be there. */
const ANSWER_MS = 3_000
/** Events stand in the registry's outbox by then. */
const EVENTS_KEPT_MS = 86_400_000

/**
 * Sets up those that can be reached and are not somebody else's; the others are told of, and tried again by `workNamed`.
 *
 * @returns the names of those that are set up.
 */
export async function setUpNamed({ home, named }: Fleet, observe: Observe, io: Io): Promise<ReadonlySet<string>> {
  const done = new Set<string>()
  const each = Object.entries(named).map(async ([name, database]) => {
    try {
      const looked = refuseTakenAs(name, database, home).then(() => true)
      if (!(await Promise.race([looked, delay(ANSWER_MS, false, { ref: false })]))) return
      await setUp(database, io)
      done.add(name)
    } catch (error) {
      if (error instanceof BackSaasError && error.code === 'DATABASE_TAKEN') return
      tellOf(name, observe)({ kind: 'error', code: 'NOT_READY', error })
    }
  })
  await Promise.all(each)
  return done
}

export interface NamedWork {
  readonly fleet: Fleet
  readonly observe: Observe
  /** The names of those that `setUpNamed` has set up; null where none is to be. */
  readonly isSetUp: ReadonlySet<string> | null
  readonly hooks: MigrationsOptions['hooks']
  /** Null where the work of hooks is done elsewhere. */
  readonly executor: ExecutorOptions | null
}

/** Begins in each of them whatever there is to do. */
export function workNamed({ fleet, observe, isSetUp, hooks, executor }: NamedWork, io: Io): Close {
  const { home } = fleet
  return beginInEach(fleet.named, observe, (name, database, told) => [
    async () => {
      const isMissing = isSetUp !== null && !isSetUp.has(name)
      const isNew = isMissing && (await placeOf(database)) === null
      if (isNew) await setUp(database, io)
      await attachDatabase(fleet, name)
      // One that was there already may be another platform's: then it is left as it is.
      if (isMissing && !isNew) await setUp(database, io)
      return null
    },
    () => startRelay(database, intoOutbox(home), { observe: told, eventsKeptMs: EVENTS_KEPT_MS }),
    ...(executor ? [() => startExecutor(database, { ...executor, observe: told, registry: home })] : []),
    () => startMigrations(database, { observe: told, home, ...(hooks && { hooks }) }),
  ])
}

async function setUp(database: Database, io: Io): Promise<void> {
  await bootstrap(database, { decide, report: io.err })
}
