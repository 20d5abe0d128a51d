/** Turns what a server (or the way to it) says into a `DatabaseError`. */
import { DatabaseError } from '@backsaas/core'

/** The fields of a Postgres error, whichever driver read them. */
export interface ServerError {
  readonly sqlState: string
  readonly message: string
  /** `ERROR` ends the statement, `FATAL` the session. */
  readonly severity?: string | undefined
  readonly constraint?: string | undefined
  readonly table?: string | undefined
  readonly column?: string | undefined
  readonly detail?: string | undefined
}

/** The server is going away, was killed, or is not up yet. */
const GOING_AWAY = new Set(['57P01', '57P02', '57P03'])
const HINT = 'check that Postgres is running and that DATABASE_URL names its host, port, database and login'

/** An error of the server; one that says it is going away counts as unreachable. */
export function serverError(error: ServerError, cause: unknown): DatabaseError {
  if (GOING_AWAY.has(error.sqlState)) return unreachable('08006', error.message, cause, error.sqlState)
  const { constraint, table, column, detail } = error
  // A wrong number of parameters is a `protocol_violation`, and the caller's; nothing is wrong with the connection.
  const sqlState = error.sqlState === '08P01' && error.severity === 'ERROR' ? 'XX000' : error.sqlState
  return new DatabaseError(
    error.message,
    {
      sqlState,
      ...(constraint && { constraint }),
      ...(table && { table }),
      ...(column && { column }),
      ...(detail && { serverDetail: detail }),
    },
    cause,
  )
}

/**
 * No answer to be had. SQLSTATE 08001: no connection could be made; 08004: the server refused the login; 08006: the
 * connection was lost, and a statement under way may or may not have been carried out.
 */
export function unreachable(
  sqlState: '08001' | '08004' | '08006',
  message: string,
  cause?: unknown,
  serverDetail?: string,
): DatabaseError {
  return new DatabaseError(message, { sqlState, hint: HINT, ...(serverDetail && { serverDetail }) }, cause)
}
