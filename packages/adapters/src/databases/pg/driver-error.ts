/** Translates what node-postgres throws. */
import type { DatabaseError } from '@backsaas/core'
import { serverError, unreachable } from '../server-error.ts'
import { isServerError } from './driver.ts'

/** What a connection attempt failed with: no way to the server, or a server that refuses the login. */
export function connectError(error: unknown, at: { readonly host: string; readonly port: number }): DatabaseError {
  const where = `${at.host}:${at.port}`
  if (isServerError(error)) {
    return unreachable('08004', `Postgres at ${where} refused the login: ${error.message}`, error, error.code)
  }
  return unreachable('08001', `no connection to Postgres at ${where}: ${reason(error)}`, error)
}

/** What a statement failed with. */
export function queryError(error: unknown): DatabaseError {
  if (isServerError(error)) {
    const { code: sqlState = 'XX000', message, severity, constraint, table, column, detail } = error
    return serverError({ sqlState, message, severity, constraint, table, column, detail }, error)
  }
  return unreachable('08006', `the connection to Postgres was lost: ${reason(error)}`, error)
}

/** Errors of several addresses tried at once have a code and no message. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || ('code' in error ? String(error.code) : error.name)
}
