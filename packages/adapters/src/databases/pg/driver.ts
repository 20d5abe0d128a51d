/// <reference path="./pg-lib.d.ts" />
/** node-postgres as far as it is used here: its main module brings a pool and native bindings too, 5 KiB of a worker. */
import type { Client, DatabaseError, Query } from 'pg'
import client from 'pg/lib/client'

/** The client; the type is that of the main module, so that no declaration of ours names the path within. */
export const PgClient: typeof Client = client

/** The prototype of the driver's own queries, which its queue in pipeline mode insists on. */
export const QUERY: Query = (client as object as { readonly Query: { readonly prototype: Query } }).Query.prototype

/** Whether the server has sent this error; what the driver says of itself, or a socket, has no severity. */
export function isServerError(error: unknown): error is DatabaseError {
  return error instanceof Error && 'severity' in error && 'code' in error
}
