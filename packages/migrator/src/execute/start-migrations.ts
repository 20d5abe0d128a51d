/** Runs the migrations that are asked for over HTTP: each is one migrator's at a time, and none is lost with it. */
import type { Database, Observe } from '@backsaas/core'
import { arrayText, BackSaasError } from '@backsaas/core'
import { literal } from '../plan/quote.ts'
import { createAlarm } from '../waiting/alarm.ts'
import { faultTeller, toStderr } from '../waiting/faults.ts'
import { listenOrLook } from '../waiting/listen-or-look.ts'
import { convergePlacement } from './converge-placement.ts'
import type { MigrationHook } from './migration-hook.ts'
import { MIGRATIONS_CHANNEL, migratorTransaction, query } from './migrator-transaction.ts'
import { resumeCorrected } from './resume-corrected.ts'
import { rollbackMigration } from './rollback-migration.ts'
import type { RunOptions } from './run.ts'
import { runMigration } from './run-migration.ts'
import { startPassing } from './start-passing.ts'
import { withdrawContracts } from './withdrawn-contract.ts'

export interface MigrationsOptions {
  /** Those of one schema alone, with what else is said here. Default: of all. */
  readonly schemaId?: string
  /** How often it looks, whether or not it was told. Default 5,000. */
  readonly intervalMs?: number
  /** How many migrations at once, each of another schema; those that wait for what others do are not counted. Default 2. */
  readonly concurrency?: number
  /** How often it looks whether rows that stood in the way are corrected. Default 60,000. */
  readonly recheckMs?: number
  /** See `RunOptions`. */
  readonly leaseMs?: number
  readonly drainMs?: number
  readonly hooks?: readonly MigrationHook[]
  /** See `RunOptions`. */
  readonly home?: Database
  /** Told of failures on our side; it goes on. Default: a line on stderr. */
  readonly observe?: Observe
}

export interface Migrations {
  /** Stops after the step or range of rows under way; the next migrator goes on there. */
  close(): Promise<void>
}

interface Asked {
  readonly id: string
  readonly placementId: string
  readonly wanted: string
  readonly token: string | null
  readonly now: boolean
  /** For what others do, be it for weeks: it takes nobody's turn. */
  readonly isWaiting: boolean
}

interface Running {
  readonly asked: Asked
  readonly aborting: AbortController
  readonly work: Promise<void>
}

/** What ends when somebody ends it, or a time does. A lock is not among them, nor is a database that is busy: these are over in a moment. */
const LASTING = [
  ...['INSTALLS_PINNED', 'INSTALLS_REMAIN', 'ROLLOUT_OPEN', 'ROLLBACK_BUILT_UPON', 'STORES_RETURN', 'STORES_BEHIND'],
  ...['MIGRATION_BEFORE', 'MIGRATION_AFTER', 'MIGRATION_OPEN'],
  ...['DRAINING', 'TRANSACTIONS_REMAIN', 'LONG_TRANSACTION', 'HOOK_FAILED'],
]

/**
 * What is asked for and not reached, and is nobody's, or ours ($3), who only pass on what is written: not what is blocked or has failed, nor
 * what waits for a hook that is not here ($1), nor another schema's ($2). A contract that has begun goes on.
 */
const COLUMNS = `select id::text, placement_id::text, wanted, confirmed, hurried::text,
  (state = 'waiting' and problem::json ->> 'code' in (${LASTING.map(literal).join(', ')}))::text
  from backsaas.migrations`
const ASKED = `${COLUMNS}
  where wanted is not null and (lease_until <= clock_timestamp() or id = any ($3::uuid[])) and state not in ('blocked', 'failed')
    and phase not in ('done', 'rolled_back') and (wanted <> 'live' or phase in ('expand', 'backfill', 'rollback'))
    and (problem::json ->> 'hook' is null or problem::json ->> 'hook' = any ($1::text[]))
    and ($2::uuid is null or schema_id = $2)
  order by created_at`

/**
 * Starts running them: woken by the database's notification where it listens, else by looking.
 *
 * @example const migrations = await startMigrations(database)
 */
export async function startMigrations(database: Database, options: MigrationsOptions = {}): Promise<Migrations> {
  const {
    intervalMs = 5_000,
    concurrency = 2,
    recheckMs = 60_000,
    hooks = [],
    schemaId = null,
    observe = toStderr('migrations'),
  } = options
  const stopping = new AbortController()
  const running = new Map<string, Running>()
  const alarm = createAlarm()
  let correcting: Promise<void> | undefined

  const onFault = faultTeller(observe, 'MIGRATION_FAILED')

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      alarm.set()
      // Hooks are asked, which may take long.
      correcting ??= resumeCorrected(database, { everyMs: recheckMs, hooks, schemaId, signal: stopping.signal })
        .then((isAny) => isAny && alarm.ring(), onFault)
        .then(() => {
          correcting = undefined
        })
      await migratorTransaction(database, (connection) => connection.batch([withdrawContracts(null)])).catch(onFault)
      await look().catch(onFault)
      if (!alarm.hasRung) await alarm.wait(Math.min(intervalMs, recheckMs))
    }
  }

  async function look(): Promise<void> {
    let busy = running.size - (await turn())
    for (const asked of await readAsked()) {
      if (running.has(asked.id) || (busy >= concurrency && !asked.isWaiting)) continue
      if (passing.stop(asked.id)) continue
      if (!asked.isWaiting) busy++
      const aborting = new AbortController()
      const work = run(asked, AbortSignal.any([aborting.signal, stopping.signal]))
        .then(
          () => true,
          (error: unknown) => {
            if (!isForSomebody(error)) onFault(error)
            return isDecided(error)
          },
        )
        .then((isNext) => {
          running.delete(asked.id)
          // What has failed is tried again at the next look, and not at once.
          if (isNext) alarm.ring()
        })
      running.set(asked.id, { asked, aborting, work })
    }
  }

  function wish({ wanted, token, now }: Asked): string {
    return JSON.stringify([wanted, token, now])
  }

  /** @param ids those alone, however they stand. */
  async function readAsked(ids?: readonly string[]): Promise<Asked[]> {
    const names = arrayText(hooks.map(({ name }) => name))
    const rows = await migratorTransaction(database, (connection) =>
      ids
        ? query(connection, `${COLUMNS} where id = any ($1::uuid[])`, [arrayText(ids)])
        : query(connection, ASKED, [names, schemaId, arrayText(passing.ids())]),
    )
    return rows.map(([id, placementId, wanted, token, now, isWaiting]) => ({
      id: String(id),
      placementId: String(placementId),
      wanted: String(wanted),
      token: token ?? null,
      now: now === 'true',
      isWaiting: isWaiting === 'true',
    }))
  }

  /** Who is asked for something else meanwhile stops, and begins with that. @returns how many wait for what others do. */
  async function turn(): Promise<number> {
    if (running.size === 0) return 0
    const now = await readAsked([...running.keys()])
    for (const asked of now) {
      const one = running.get(asked.id)
      if (one && wish(one.asked) !== wish(asked)) one.aborting.abort()
    }
    return now.filter(({ isWaiting }) => isWaiting).length
  }

  async function run({ id, placementId, wanted, token, now }: Asked, signal: AbortSignal): Promise<void> {
    const { leaseMs, drainMs } = options
    const how: RunOptions = {
      signal,
      asked: true,
      ...(leaseMs !== undefined && { leaseMs }),
      ...(drainMs !== undefined && { drainMs }),
      hooks,
      observe,
      ...(options.home && { home: options.home }),
      ...(token !== null && { token }),
      now,
    }
    if (wanted === 'rolled_back') {
      await rollbackMigration(database, id, how)
      return
    }
    const row = await runMigration(database, id, { ...how, until: wanted === 'done' ? 'done' : 'live' })
    if (row.phase === 'live' || row.phase === 'done') await convergePlacement(database, placementId, signal)
  }

  const stopListening = await listenOrLook(database, MIGRATIONS_CHANNEL, alarm.ring, onFault)
  const passing = startPassing(database, {
    hooks,
    observe,
    schemaId,
    onFault,
    intervalMs,
    ...(options.home && { home: options.home }),
    signal: stopping.signal,
    isRun: (id) => running.has(id),
    stopped: alarm.ring,
  })
  const looping = loop()
  let closed: Promise<void> | undefined
  return {
    close() {
      closed ??= (async () => {
        stopping.abort()
        alarm.ring()
        await stopListening?.()
        await Promise.all([looping, passing.ended])
        await correcting
        await Promise.all([...running.values()].map(({ work }) => work))
      })()
      return closed
    },
  }
}

/** Written down in the migration's row, for somebody to decide; or another migrator has it. */
function isForSomebody(error: unknown): boolean {
  const codes = [
    'MIGRATION_BUSY',
    'LEASE_LOST',
    'MIGRATION_BLOCKED',
    'TOKEN_NEEDED',
    'MIGRATION_OVER',
    'MIGRATION_HOOK_UNKNOWN',
    'HOOK_FAILED',
    'INSTALLS_PINNED',
    'ROLLOUT_OPEN',
    'ROLLBACK_BLOCKED',
    'ROLLBACK_BUILT_UPON',
    'ROLLBACK_TOO_LATE',
    'STORES_RETURN',
  ]
  return error instanceof BackSaasError && codes.includes(error.code)
}

/** It is not asked for any more, so that another one's turn has come. */
function isDecided(error: unknown): boolean {
  return (
    error instanceof BackSaasError &&
    ['MIGRATION_BLOCKED', 'TOKEN_NEEDED', 'ROLLBACK_BLOCKED', 'ROLLBACK_TOO_LATE'].includes(error.code)
  )
}
