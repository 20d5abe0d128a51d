/** Transactions of the migrator: row security off (or, without BYPASSRLS, on), locks waited for briefly and retried. */
import type { Connection, Database, Result, Scope, Statement } from '@backsaas/core'
import { BackSaasError, DatabaseError } from '@backsaas/core'

/** The migrator outlives its work, so nothing has to be kept alive; a failure of such work ends the process. */
export const MIGRATOR_SCOPE: Scope = { waitUntil: (work) => void work, now: () => Date.now() }

/** Told that a migration is asked for; a hint, without any content. */
export const MIGRATIONS_CHANNEL = 'backsaas_migrations'

const LOCK_TIMEOUT_MS = 50
const GIVE_UP_AFTER_MS = 30_000
/** `lock_not_available` and `deadlock_detected`: nothing was done, and a moment later it may go. */
const RETRIED = ['55P03', '40P01']

/**
 * What every statement of the migrator runs under: a missing bypass must be an error, not zero rows; where the
 * migrator has none at all (the fallback of bootstrap), no policy binds it, and `off` would refuse everything.
 */
export const ROW_SECURITY: Statement = {
  text: `select set_config('row_security', case when rolbypassrls or rolsuper then 'off' else 'on' end, true)
         from pg_roles where rolname = current_user`,
  params: [],
}

/**
 * Runs `run` in one transaction as the migrator; again from its beginning where a lock was not to be had.
 *
 * @throws `LOCK_NOT_AVAILABLE` (503) where that went on for 30 s; whatever `run` throws.
 */
export async function migratorTransaction<T>(
  database: Database,
  run: (transaction: Connection) => Promise<T>,
): Promise<T> {
  const startedAtMs = Date.now()
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction(database, 'migrator', async (connection) => {
        await connection.batch([ROW_SECURITY])
        return run(connection)
      })
    } catch (error) {
      if (!(error instanceof DatabaseError) || !RETRIED.includes(error.fields.sqlState)) throw error
      if (Date.now() - startedAtMs > GIVE_UP_AFTER_MS) throw lockNotAvailable(error)
      const pauseMs = Math.min(1000, 20 * 2 ** attempt)
      await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random())))
    }
  }
}

/** One transaction with decisions between its statements. @throws `NOT_INTERACTIVE` (501) where the adapter has none. */
export function transaction<T>(
  database: Database,
  login: 'migrator' | 'owner',
  run: (transaction: Connection) => Promise<T>,
): Promise<T> {
  const connection = database.open(MIGRATOR_SCOPE, login)
  if (!connection.transaction) {
    throw new BackSaasError('NOT_INTERACTIVE', 501, `the database adapter ${database.name} cannot change schemas`, {
      hint: 'migrate over a direct connection to the same database (the postgres adapter)',
    })
  }
  return connection.transaction(run)
}

/** Runs DDL inside a transaction, waiting at most 50 ms for any lock. */
export async function runDdl(connection: Connection, statements: readonly string[]): Promise<void> {
  if (statements.length === 0) return
  await connection.batch(
    [`set local lock_timeout = '${LOCK_TIMEOUT_MS}ms'`, ...statements, 'set local lock_timeout to default'].map(ddl),
  )
}

/** One registry change or bootstrap at a time in a database; waits. Ends with the transaction. */
export const EXCLUSIVE: Statement = { text: 'select pg_advisory_xact_lock(25203, 1)', params: [] }

/** A statement without parameters that is not worth preparing. */
export function ddl(text: string): Statement {
  return { text, params: [], prepare: false }
}

/** The rows of one statement. */
export async function query(
  connection: Connection,
  text: string,
  params: Statement['params'] = [],
): Promise<Result['rows']> {
  const [result] = await connection.batch([{ text, params, prepare: false }])
  return result?.rows ?? []
}

function lockNotAvailable(cause: DatabaseError): BackSaasError {
  return new BackSaasError('LOCK_NOT_AVAILABLE', 503, 'a table that has to change was in use for 30 seconds', {
    hint: 'look for long transactions in pg_stat_activity, then run the same command again',
    cause,
  })
}
