/** Whether the database is well enough for a backfill to go on. */
import type { Database, Statement } from '@backsaas/core'
import { MIGRATOR_SCOPE, query } from './migrator-transaction.ts'

const LAG_SECONDS_MAX = 10
const WAITERS_MAX = 3

/** Replication that falls behind, or several that wait for locks. */
const SIGNALS = `
  select backsaas.replica_lag(),
         (select count(*)::text from pg_locks l where not l.granted and l.pid <> pg_backend_pid()
            and l.database = (select oid from pg_database where datname = current_database())
            and l.relation = to_regclass($1))`

/** @returns the reason to pause; null where there is none. */
export async function backfillHealth(
  database: Database,
  table: string,
  lagSecondsMax: number = LAG_SECONDS_MAX,
): Promise<string | null> {
  const [row] = await query(database.open(MIGRATOR_SCOPE, 'migrator'), SIGNALS, [table])
  const [lag, waiters] = [Number(row?.[0] ?? 0), Number(row?.[1] ?? 0)]
  if (lag > lagSecondsMax) return `a replica is ${lag} seconds behind`
  if (waiters > WAITERS_MAX) return `${waiters} transactions wait for locks on the table`
  return null
}

/**
 * Answers whether anybody else has locked rows of the table for writing. Asked before a batch commits, it sees everybody who waits for
 * one of its rows; of those who pass by, some.
 */
export function othersWrite(table: string): Statement {
  return {
    text: `
      select exists (select from pg_locks where pid <> pg_backend_pid() and relation = to_regclass($1)
        and database = (select oid from pg_database where datname = current_database())
        and mode in ('RowShareLock', 'RowExclusiveLock'))::text`,
    params: [table],
    prepare: false,
  }
}
