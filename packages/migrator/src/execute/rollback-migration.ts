/** Takes a migration back: step after step in the opposite order, until all is as it was. Possible until its contract has begun. */
import type { Connection, Database } from '@backsaas/core'
import { BackSaasError, PLATFORM_PLACEMENT_ID } from '@backsaas/core'
import { goBack } from '../registry/go-live.ts'
import type { Platform } from '../registry/platform.ts'
import { askStoresBack } from '../stores/ask-stores-back.ts'
import { atHome } from '../stores/at-home.ts'
import { isPassing, pause } from './attempts.ts'
import { convergePlacement } from './converge-placement.ts'
import { tellRolledBack } from './events.ts'
import { runKeepingOthers } from './keep-others.ts'
import { checkpoint, guard, isLive, type MigrationProblem, type MigrationRow, readMigration } from './migration-row.ts'
import { EXCLUSIVE, migratorTransaction, query } from './migrator-transaction.ts'
import { refuseRollback } from './refuse-rollback.ts'
import { refuseUnfitting } from './refuse-unfitting.ts'
import { awaitReaders, markRetired } from './retire-versions.ts'
import { type Run, type RunOptions, refresh, withLease } from './run.ts'
import { passBack } from './run-hook.ts'
import { isStopped, understandable } from './run-migration.ts'

const ATTEMPTS = 20

/**
 * Where somebody was promised it meanwhile (`rpc/rollback_migration`), what it is refused for is what the row waits for.
 *
 * @returns the migration as it stands then.
 * @throws `ROLLBACK_TOO_LATE` (409) once its contract has begun; `ROLLOUT_OPEN`, `ROLLBACK_BUILT_UPON`, `MIGRATION_OPEN`,
 *   `INSTALLS_PINNED`, `HOOK_FAILED`, `MIGRATION_HOOK_UNKNOWN` (409) before anything is done; `ROLLBACK_BLOCKED` (409) with rows that
 *   the older version does not allow; `MIGRATION_BUSY` (409).
 * @example await rollbackMigration(database, id)
 */
export async function rollbackMigration(
  database: Database,
  id: string,
  options: RunOptions = {},
): Promise<MigrationRow> {
  return withLease(database, id, options, async (run) => {
    for (let failures = 0; ; ) {
      try {
        const migration = await migratorTransaction(database, (connection) => readMigration(connection, id))
        if (options.signal?.aborted) return migration
        if (migration.phase === 'rolled_back') {
          // Bounds that are back have not been asked of the rows there are.
          await convergePlacement(database, migration.placementId)
          return migration
        }
        if (migration.placementId === PLATFORM_PLACEMENT_ID) await refresh(run)
        if (migration.phase === 'rollback') await undoNext(run, migration)
        else {
          await refuseUnfitting(database, migration)
          await turnBack(run, migration)
        }
        failures = 0
        await run.report()
      } catch (error) {
        if (isStopped(error)) return migratorTransaction(database, (connection) => readMigration(connection, id))
        if (!isPassing(error) || ++failures > ATTEMPTS) throw await told(run, understandable(error))
        await pause(Math.min(2000, 50 * 2 ** failures))
      }
    }
  })
}

/** From here on nobody goes forward; the new version serves nobody any more, and installs are where they were. */
async function turnBack(run: Run, migration: MigrationRow): Promise<void> {
  // Refused where it cannot be, before anything is done.
  if (isLive(migration)) await passBack(run, migration)
  if (run.home) await atHome(run.home, (connection, platform) => leave(connection, platform, migration))
  const problem = await run.commit([], async (transaction) => {
    await transaction.batch([EXCLUSIVE])
    await refuseRollback(transaction, run.platform, migration)
    const stores = await askStoresBack(transaction, run.platform, migration)
    if (stores) return stores
    await leave(transaction, run.platform, migration)
    const cursor = isLive(migration) ? 'unlive' : null
    await transaction.batch([checkpoint(run.lease, { phase: 'rollback', state: 'running', cursor, problem: null })])
    return null
  })
  if (!problem) return
  await run.patience.waiting(problem)
  await pause(500)
}

async function leave(connection: Connection, platform: Platform, migration: MigrationRow): Promise<void> {
  await connection.batch([EXCLUSIVE])
  await refuseRollback(connection, platform, migration)
  if (isLive(migration)) await goBack(connection, platform, migration)
  await markRetired(connection, migration.placementId, { exactly: migration.toVersion })
}

/**
 * Writes down what it waits for, for who was answered that it would be taken back (nothing stood in the way then), or once it has begun. Too late is for ever; what
 * else there is, be it of the server, is tried again.
 */
async function told({ database, lease }: Run, error: unknown): Promise<unknown> {
  if (!(error instanceof BackSaasError)) return error
  const { code, message, hint, details } = error
  const isBlocked = code === 'ROLLBACK_BLOCKED'
  // As `refuseUnfitting`, `pinnedJson`, `passBack` and `findHook` make them.
  const isShown = isBlocked || ['INSTALLS_PINNED', 'HOOK_FAILED', 'MIGRATION_HOOK_UNKNOWN'].includes(code)
  const samples = isShown ? details : {}
  const problem = JSON.stringify({ code, message, hint, ...(samples as Partial<MigrationProblem>) })
  const state = isBlocked ? 'blocked' : code === 'ROLLBACK_TOO_LATE' ? 'failed' : 'waiting'
  try {
    await migratorTransaction(database, async (connection) => {
      await guard(connection, lease)
      await query(
        connection,
        `update backsaas.migrations set state = $2, problem = $3
         where id = $1 and (wanted = 'rolled_back' or phase = 'rollback') and (state, problem) is distinct from ($2, $3)`,
        [lease.migrationId, state, problem],
      )
    })
  } catch (cause) {
    // Another migrator has it, or the database takes nothing: what is wrong is thrown all the same.
    if (!(cause instanceof BackSaasError)) throw cause
  }
  return error
}

/** The step that may have been under way is undone as well: an inverse does not mind. */
async function undoNext(run: Run, migration: MigrationRow): Promise<void> {
  const { plan, step, cursor } = migration
  // Whoever had entered the new version writes its columns until the end of a transaction.
  if (cursor === 'unlive' && !(await awaitReaders(run))) return
  if (cursor === 'unlive') await passBack(run, migration)
  if (run.patience.stopped()) return
  await refuseUnfitting(run.database, migration)
  const current = plan.steps[step]
  const { tables = [], inverse: statements = [] } = current ?? {}
  await run.commitLocked(tables, async (transaction) => {
    const last = step === 0
    const change = last
      ? ({ phase: 'rolled_back', state: 'ended', cursor: null, problem: null } as const)
      : ({ step: step - 1, state: 'running', cursor: null, problem: null } as const)
    await transaction.batch([checkpoint(run.lease, change), ...(last ? [tellRolledBack(run.platform, migration)] : [])])
    await runKeepingOthers(transaction, migration, { tables, statements })
  })
}
