/** Statements that need a lock: waited for briefly and tried again, and what stands in their way is told. */
import type { Database } from '@backsaas/core'
import { arrayText, BackSaasError, DatabaseError } from '@backsaas/core'
import type { MigrationProblem } from './migration-row.ts'
import { MIGRATOR_SCOPE, query } from './migrator-transaction.ts'

/** Nothing was done, and a moment later it may go: locks, deadlocks, serialisation, and servers that come back. */
const PASSING = /^(?:55P03|40P01|40001|57P0[123]|08|53300)/
const LONG_MS = 30_000

export function isPassing(error: unknown): boolean {
  return error instanceof DatabaseError && PASSING.test(error.fields.sqlState)
}

export interface Patience {
  /** Told of what is waited for, at most once a second; null when it is over. */
  waiting(problem: MigrationProblem | null): Promise<void>
  /** How long it waits before it gives up; the migration can be gone on with later. */
  readonly giveUpAfterMs: number
  /** Whether nothing is waited for any more. */
  stopped(): boolean
}

/**
 * Does `work`, which is one transaction, until nothing that passes is in its way.
 *
 * @param tables qualified names; where a transaction older than 30 s uses one, nothing is tried.
 * @throws `MIGRATION_STOPPED` (503) where it was asked to stop while it waited; `MIGRATION_WAITING` (503) where that took longer than the patience; whatever else `work` throws.
 */
export async function untilPossible<T>(
  database: Database,
  tables: readonly string[],
  patience: Patience,
  work: () => Promise<T>,
): Promise<T> {
  const startedAtMs = Date.now()
  let toldAtMs = 0
  for (let attempt = 1; ; attempt++) {
    let problem: MigrationProblem | null
    try {
      problem = await longTransaction(database, tables)
      if (!problem) {
        const value = await work()
        if (toldAtMs > 0) await patience.waiting(null).catch(ignorePassing)
        return value
      }
    } catch (error) {
      if (!isPassing(error)) throw error
      const waitedMs = Date.now() - startedAtMs
      problem = waitedMs > LONG_MS / 10 ? passing(error as DatabaseError) : null
    }
    if (patience.stopped()) throw new BackSaasError('MIGRATION_STOPPED', 503, 'the migrator was asked to stop')
    if (Date.now() - startedAtMs > patience.giveUpAfterMs) throw gaveUp(problem)
    if (problem && Date.now() - toldAtMs > 1000) {
      toldAtMs = Date.now()
      await patience.waiting(problem).catch(ignorePassing)
    }
    await pause(problem ? 300 : Math.min(500, 10 * 2 ** Math.min(attempt, 6)))
  }
}

const ATTEMPTS = 20

/** Once more where the connection was lost, or something else passes: for what may be done twice. */
export async function throughLosses<T>(work: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await work()
    } catch (error) {
      if (!isPassing(error) || failures > ATTEMPTS) throw error
      await pause(Math.min(2000, 50 * 2 ** failures))
    }
  }
}

/** Longer and shorter by half, so that several that wait do not meet again. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms * (0.5 + Math.random())))
}

function ignorePassing(error: unknown): void {
  if (!isPassing(error)) throw error
}

function passing({ fields, message }: DatabaseError): MigrationProblem {
  return fields.sqlState === '55P03'
    ? {
        code: 'LOCK_NOT_AVAILABLE',
        message: 'a table that has to change is in use',
        hint: 'it is tried again until it is free',
      }
    : { code: 'DATABASE_BUSY', message, hint: 'it is tried again' }
}

function gaveUp(problem: MigrationProblem | null): BackSaasError {
  return new BackSaasError('MIGRATION_WAITING', 503, problem?.message ?? 'a table that has to change is in use', {
    hint: problem?.hint ?? 'run the same command again: it goes on where it stopped',
  })
}

/** A lock that is asked for behind such a transaction would make everybody else wait behind it too. */
const HOLDERS = `select pid, login, seconds, application from backsaas.lock_holders($1, interval '30 seconds') limit 1`

export async function longTransaction(database: Database, tables: readonly string[]): Promise<MigrationProblem | null> {
  if (tables.length === 0) return null
  const [row] = await query(database.open(MIGRATOR_SCOPE, 'migrator'), HOLDERS, [arrayText(tables)])
  if (!row) return null
  const [pid, user, seconds, application] = row
  return {
    code: 'LONG_TRANSACTION',
    message: `a transaction of ${user} (${application || 'no name'}, process ${pid}) has used the table for ${seconds} seconds`,
    hint: `end it, or wait: the migration goes on by itself. To end it: select pg_terminate_backend(${pid})`,
  }
}
