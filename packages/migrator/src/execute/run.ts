/** A run of a migration: the lease that it holds, and the transactions that the lease guards. */
import { randomUUID } from 'node:crypto'
import type { Connection, Database, Observe, Result, Statement } from '@backsaas/core'
import { type Platform, readPlatform } from '../registry/platform.ts'
import { homeOf } from '../stores/at-home.ts'
import { type Patience, throughLosses, untilPossible } from './attempts.ts'
import { tellCompleted } from './events.ts'
import type { MigrationHook } from './migration-hook.ts'
import {
  type Checkpoint,
  checkpoint,
  guard,
  guarding,
  type Lease,
  type MigrationRow,
  phaseAt,
  readMigration,
  releaseLease,
  renewal,
  takeLease,
  whileHeld,
} from './migration-row.ts'
import { ddl, MIGRATOR_SCOPE, migratorTransaction, ROW_SECURITY, transaction } from './migrator-transaction.ts'

export interface RunOptions {
  /** `live` (default): stops when both versions serve. `done`: retires the old ones too, and takes away what only they needed. */
  readonly until?: 'live' | 'done'
  /** The plan's, where a step that is reached is destructive. */
  readonly token?: string
  /** How long older versions are promised to serve beside the new one. Default: a day. */
  readonly drainMs?: number
  /** Retires older versions before that time is over. */
  readonly now?: boolean
  /** Told after every step and range of rows. */
  readonly progress?: (status: MigrationRow) => void
  /** How long it waits for what passes (locks, long transactions, installs) before it gives up. Default: for ever. */
  readonly giveUpAfterMs?: number
  /** How long the lease outlasts a migrator that dies. Default 10,000. */
  readonly leaseMs?: number
  readonly signal?: AbortSignal
  /** It is run because its row asks for that (`wanted`): it does not contract where that has changed. */
  readonly asked?: boolean
  /** Why a backfill should pause right now; null where it may go on. Beside what the database itself tells. */
  readonly health?: () => Promise<string | null>
  /** Of a migration in another database than that of the registry: that one. */
  readonly home?: Database
  /** What `convert: { hook: … }` names. */
  readonly hooks?: readonly MigrationHook[]
  /** Told of hooks that fail while both versions serve. */
  readonly observe?: Observe
}

/** What a step is given. */
export interface Run {
  readonly database: Database
  /** Of a database that is not home itself; see `homeOf`. */
  readonly home: Database | null
  readonly lease: Lease
  readonly options: RunOptions
  /** As it is before each step: it may be what is migrated. */
  platform: Platform
  readonly patience: Patience
  /** In a transaction that begins with the lease's guard, once no lock is in its way. */
  commit<T>(tables: readonly string[], work: (transaction: Connection) => Promise<T>): Promise<T>
  /**
   * The same for work that locks those tables, last of all: the disk (or a replica) is waited for when they are free again. Postgres
   * writes its log in order, so nothing that comes later is kept where this was lost; then it is simply to be done.
   */
  commitLocked<T>(tables: readonly string[], work: (transaction: Connection) => Promise<T>): Promise<T>
  /** The same in one round trip, with a checkpoint: for statements between which nothing is decided. */
  send(statements: readonly Statement[], change: Checkpoint): Promise<readonly Result[]>
  /** Tells of the row as it stands. */
  report(): Promise<void>
}

const UNFLUSHED = ddl('set local synchronous_commit = off')

/** Holds the lease while `work` runs. */
export async function withLease<T>(
  database: Database,
  id: string,
  options: RunOptions,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const leaseMs = options.leaseMs ?? 10_000
  const owner = randomUUID()
  const home = await throughLosses(() => homeOf(database, id, options.home))
  const lease = await throughLosses(() =>
    migratorTransaction(database, (connection) => takeLease(connection, id, owner, leaseMs)),
  )
  const plain = database.open(MIGRATOR_SCOPE, 'migrator')
  // A failure shows at the next commit, which the lease guards.
  const heart = setInterval(() => void plain.batch([renewal(lease)]).catch(() => undefined), leaseMs / 3)
  try {
    return await work(await createRun(database, home, lease, options))
  } finally {
    clearInterval(heart)
    await releaseLease(plain, lease).catch(() => undefined)
  }
}

async function createRun(database: Database, home: Database | null, lease: Lease, options: RunOptions): Promise<Run> {
  const platform = await throughLosses(() => migratorTransaction(database, readPlatform))
  const patience: Patience = {
    giveUpAfterMs: options.giveUpAfterMs ?? Number.POSITIVE_INFINITY,
    stopped: () => options.signal?.aborted === true,
    async waiting(problem) {
      await note(database, lease, { state: problem ? 'waiting' : 'running', problem })
      await report()
    },
  }
  const report = async (): Promise<void> => {
    if (!options.progress) return
    options.progress(await migratorTransaction(database, (connection) => readMigration(connection, lease.migrationId)))
  }
  const commit: Run['commit'] = (tables, work) =>
    untilPossible(database, tables, patience, () =>
      transaction(database, 'migrator', async (connection) => {
        await whileHeld(() => connection.batch([ROW_SECURITY, guarding(lease)]))
        return work(connection)
      }),
    )
  return {
    database,
    home,
    lease,
    options,
    platform,
    patience,
    report,
    commit,
    async commitLocked(tables, work) {
      const value = await commit(tables, async (connection) => {
        await connection.batch([UNFLUSHED])
        return work(connection)
      })
      await commit([], async () => undefined)
      return value
    },
    send: (statements, change) =>
      untilPossible(database, [], patience, async () => {
        const connection = database.open(MIGRATOR_SCOPE, 'migrator')
        const sent = [ROW_SECURITY, guarding(lease, change), ...statements]
        return (await whileHeld(() => connection.batch(sent))).slice(2)
      }),
  }
}

/** Reads the platform's own version anew. */
export async function refresh(run: Run): Promise<void> {
  run.platform = await migratorTransaction(run.database, readPlatform)
}

async function note(database: Database, lease: Lease, change: Checkpoint): Promise<void> {
  await migratorTransaction(database, async (connection) => {
    await guard(connection, lease)
    await connection.batch([checkpoint(lease, change)])
  })
}

/** What ends with a step, in its own transaction. */
export async function finishStep(run: Run, transaction: Connection, migration: MigrationRow): Promise<void> {
  const step = migration.step + 1
  const phase = phaseAt(migration.plan, step)
  const ended = phase === 'done'
  const state = ended ? 'ended' : phase === 'live' ? 'ready' : 'running'
  const change = { phase, step, cursor: null, problem: null, state } as const
  const done = tellCompleted(run.platform, migration)
  await transaction.batch([checkpoint(run.lease, change), ...(ended ? [done] : [])])
}
