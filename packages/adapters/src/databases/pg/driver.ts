/** node-postgres as far as it is used here: its main module brings a pool and native bindings too, 5 KiB of a worker. */
import type { DatabaseError, Query } from 'pg'
import PgClient from 'pg/lib/client'

export { PgClient }

/** The prototype of the driver's own queries, which its queue in pipeline mode insists on. */
export const QUERY: Query = (PgClient as object as { readonly Query: { readonly prototype: Query } }).Query.prototype

/** Whether the server has sent this error; what the driver says of itself, or a socket, has no severity. */
export function isServerError(error: unknown): error is DatabaseError {
  return error instanceof Error && 'severity' in error && 'code' in error
}
