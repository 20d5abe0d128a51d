/** Translates what postgres.js throws. */
import type { DatabaseError } from '@backsaas/core'
import driver from 'postgres'
import { serverError, unreachable } from '../server-error.ts'

/** What a connection attempt failed with: no way to the server, or a server that refuses the login. */
export function connectError(error: unknown, at: { readonly host: unknown; readonly port: unknown }): DatabaseError {
  const where = `${String(at.host)}:${String(at.port)}`
  if (error instanceof driver.PostgresError) {
    return unreachable('08004', `Postgres at ${where} refused the login: ${error.message}`, error, error.code)
  }
  return unreachable('08001', `no connection to Postgres at ${where}: ${reason(error)}`, error)
}

/** What a statement failed with. */
export function queryError(error: unknown): DatabaseError {
  if (error instanceof driver.PostgresError) {
    const { code: sqlState, message, severity, constraint_name, table_name, column_name, detail } = error
    return serverError(
      { sqlState, message, severity, constraint: constraint_name, table: table_name, column: column_name, detail },
      error,
    )
  }
  return unreachable('08006', `the connection to Postgres was lost: ${reason(error)}`, error)
}

/** Errors of several addresses tried at once have a code and no message. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || ('code' in error ? String(error.code) : error.name)
}
