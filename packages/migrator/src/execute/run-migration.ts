/** Runs a migration from wherever it stands: step after step, each committed with its checkpoint, until its new version is live or all is done. */
import type { Database } from '@backsaas/core'
import { BackSaasError, DatabaseError, PLATFORM_PLACEMENT_ID } from '@backsaas/core'
import type { Step } from '../plan/steps.ts'
import { refuseReturning } from '../stores/refuse-returning.ts'
import { isPassing, pause } from './attempts.ts'
import { tellFailed, tellStarted } from './events.ts'
import { refuseUnknownHooks } from './find-hook.ts'
import { checkpoint, guard, isLive, type MigrationProblem, type MigrationRow, readMigration } from './migration-row.ts'
import { migratorTransaction } from './migrator-transaction.ts'
import { type Run, type RunOptions, refresh, withLease } from './run.ts'
import { runStep } from './run-step.ts'
import { valueless } from './valueless.ts'
import { stopWithdrawn } from './withdrawn-contract.ts'

/** Attempts after a connection was lost, before it is told. */
const ATTEMPTS = 20

/**
 * @returns the migration as it stands then.
 * @throws `MIGRATION_BUSY`, `LEASE_LOST` (409) where another migrator runs it; `MIGRATION_BLOCKED` (409) with the rows that stand in
 *   the way; `TOKEN_NEEDED` (409) before a destructive step; `MIGRATION_WAITING` (503) where its patience ended;
 *   `MIGRATION_HOOK_UNKNOWN` (409) before anything is done; `MIGRATION_OVER` (409)
 *   where it was taken back. All of them leave it resumable.
 * @example await runMigration(database, id, { until: 'done', token: plan.token })
 */
export async function runMigration(database: Database, id: string, options: RunOptions = {}): Promise<MigrationRow> {
  try {
    return await runLeased(database, id, options)
  } catch (error) {
    throw understandable(error)
  }
}

function runLeased(database: Database, id: string, options: RunOptions): Promise<MigrationRow> {
  return withLease(database, id, options, async (run) => {
    for (let failures = 0; ; ) {
      let migration: MigrationRow | undefined
      try {
        migration = await migratorTransaction(database, (connection) => readMigration(connection, id))
        refuseOver(migration)
        if (!migration.follows && isLive(migration)) await refuseTurned(run, migration)
        if (isReached(migration, options.until ?? 'live') || options.signal?.aborted) return migration
        await runNext(run, migration)
        failures = 0
        await run.report()
      } catch (error) {
        if (migration && isStopped(error)) return migration
        if (!isPassing(error) || ++failures > ATTEMPTS)
          throw migration ? await told(run, migration, understandable(error)) : error
        await pause(Math.min(2000, 50 * 2 ** failures))
      }
    }
  })
}

/** Its contract and its way back do not go together. @throws `STORES_RETURN` (409). */
async function refuseTurned({ database, platform }: Run, { schemaId }: MigrationRow): Promise<void> {
  await migratorTransaction(database, (connection) => refuseReturning(connection, platform, schemaId))
}

async function runNext(run: Run, migration: MigrationRow): Promise<void> {
  const step = migration.plan.steps[migration.step] as Step
  refuseUnconfirmed(migration, step, run.options)
  refuseUnknownHooks(migration.plan, run.options.hooks, { from: migration.step, until: run.options.until ?? 'live' })
  if (migration.placementId === PLATFORM_PLACEMENT_ID) await refresh(run)
  const before = migration.plan.steps[migration.step - 1]
  if (migration.state !== 'running' || before?.phase !== step.phase) await begin(run, migration, step, before)
  const problem = await runStep(run, migration, step)
  if (problem) throw blocked(migration, step, problem)
}

/** Each phase is told once; that a migration is gone on with is no news. */
async function begin(run: Run, migration: MigrationRow, step: Step, before: Step | undefined): Promise<void> {
  const fresh = before?.phase !== step.phase && migration.state !== 'blocked' && migration.cursor === null
  await run.commit([], async (transaction) => {
    if (step.kind === 'retire' && migration.cursor === null) await stopWithdrawn(run, transaction)
    const phase = step.kind === 'live' ? 'backfill' : step.phase
    const change = checkpoint(run.lease, { phase, state: 'running', problem: null })
    const told = tellStarted(run.platform, migration, step.phase === 'live' ? 'backfill' : step.phase)
    await transaction.batch(fresh && step.kind !== 'live' ? [change, told] : [change])
  })
}

function isReached(migration: MigrationRow, until: 'live' | 'done'): boolean {
  return migration.phase === 'done' || (until === 'live' && isLive(migration))
}

/** Whether it ended because it was asked to. */
export function isStopped(error: unknown): boolean {
  return error instanceof BackSaasError && error.code === 'MIGRATION_STOPPED'
}

export function refuseOver({ phase, schema }: MigrationRow): void {
  if (phase !== 'rolled_back' && phase !== 'rollback') return
  throw new BackSaasError('MIGRATION_OVER', 409, `this migration of ${schema} was taken back`, {
    hint:
      phase === 'rollback'
        ? `\`backsaas rollback ${schema}\` goes on with that`
        : 'publish the document again to begin anew',
  })
}

/** Asked before versions are retired, and not between that and what it is for. */
export function refuseUnconfirmed(
  { plan, schema }: MigrationRow,
  next: Step,
  { token }: Pick<RunOptions, 'token'>,
): void {
  const ahead = next.kind === 'retire' ? plan.steps.filter(({ phase }) => phase === 'contract') : [next]
  const step = ahead.find(({ destructive }) => destructive)
  if (!step || token === plan.token) return
  const message =
    token === undefined ? `a step loses data for good: ${step.title}` : `"${token}" is not the token of this plan`
  throw new BackSaasError('TOKEN_NEEDED', 409, message, {
    hint: `look at the plan (\`backsaas status ${schema}\`), then give its token: \`--confirm ${plan.token}\``,
    details: { step: step.id, title: step.title },
  })
}

function blocked({ schema }: MigrationRow, step: Step, problem: MigrationProblem): BackSaasError {
  return new BackSaasError('MIGRATION_BLOCKED', 409, `${step.title}: ${problem.message}`, {
    hint: problem.hint ?? `then \`backsaas migrate --resume ${schema}\``,
    details: { code: problem.code, count: problem.count ?? null, samples: problem.samples ?? [] },
  })
}

/** Writes down what ended the run, where the lease is still ours and the database takes it. */
async function told(run: Run, migration: MigrationRow, error: unknown): Promise<unknown> {
  const { code, message, hint } =
    error instanceof BackSaasError ? error : new BackSaasError('INTERNAL', 500, String(error))
  const isUnconfirmed = code === 'TOKEN_NEEDED'
  if (['LEASE_LOST', 'MIGRATION_OVER', 'STORES_RETURN'].includes(code) || (isUnconfirmed && migration.phase === 'live'))
    return error
  const isBlocked = code === 'MIGRATION_BLOCKED' || isUnconfirmed
  // Another migrator may have the hook.
  const isWaiting = code === 'MIGRATION_WAITING' || code === 'MIGRATION_HOOK_UNKNOWN'
  const state = isBlocked ? 'blocked' : isWaiting ? 'waiting' : 'failed'
  const details = error instanceof BackSaasError && (isBlocked || isWaiting) ? error.details : null
  const problem: MigrationProblem = { code, message, ...(hint && { hint }), ...(isObject(details) && details) }
  const failed = tellFailed(run.platform, migration, code, message)
  try {
    await migratorTransaction(run.database, async (connection) => {
      await guard(connection, run.lease)
      await connection.batch([
        checkpoint(run.lease, { state, problem }),
        ...(isWaiting || isUnconfirmed ? [] : [failed]),
      ])
    })
  } catch (cause) {
    // A database that is read-only, full or away takes nothing: what is wrong is thrown all the same.
    if (!(cause instanceof BackSaasError)) throw cause
  }
  return error
}

function isObject(value: unknown): value is Partial<MigrationProblem> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Of an error of the database: what an operator can do about the server itself. Any other as it is. */
export function understandable(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error
  const { sqlState } = error.fields
  const known: Readonly<Record<string, readonly [string, string]>> = {
    '25006': ['DATABASE_READ_ONLY', 'the database takes no writes: run it against the primary'],
    '53100': ['DATABASE_FULL', 'make room on the disk, then run the same command again'],
  }
  const [code, hint] = known[sqlState] ?? [
    'MIGRATION_FAILED',
    'run the same command again: it goes on where it stopped',
  ]
  return new BackSaasError(code, 503, valueless(error), { hint, cause: error })
}
