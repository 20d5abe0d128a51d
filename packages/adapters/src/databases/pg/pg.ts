/** A Postgres server over TCP, by node-postgres in pipeline mode; on Node, and on Workers (through Hyperdrive, say). */
import type { Database } from '@backsaas/core'
import { openKept } from '#open-kept'
import { checkUrl, type ServerOptions } from '../server-options.ts'
import { createClient, openLane } from './lane.ts'
import { createScopedDatabase } from './scoped-database.ts'

export type PgOptions = ServerOptions

/**
 * A database by its URL. Nothing connects before the first statement.
 *
 * On Node up to `max` connections serve all requests; the runtime's batches are pipelined on them, each on the least busy
 * one. On Workers each request (each scope) opens one of its own, which the platform closes with it: `max`,
 * `idleTimeoutMs` and `statementTimeoutMs` mean nothing there (set the login's own: `alter role … set
 * statement_timeout`), and there are no transactions with decisions and no scripts.
 *
 * The migrator's and (unless `serveAs: 'given'`) the runtime's statements go over the logins that bootstrap wrote to
 * `backsaas.logins`; before that, they fail with `NOT_BOOTSTRAPPED` (503). Behind a pooler such as Hyperdrive the URL is
 * the runtime's login and `serveAs` is `given`.
 *
 * @param url a function where it is not known at start-up: Workers let a Hyperdrive binding be read in a request only.
 * @throws `DATABASE_URL_INVALID` (500) where the URL is none, not given, or names no database; from the first statement where a function answers it.
 * @example const database = pg('postgres://owner:secret@localhost:5432/app')
 * @example const database = pg(() => env.HYPERDRIVE.connectionString, { serveAs: 'given' })
 */
export function pg(url: string | undefined | (() => string | undefined), options: PgOptions = {}): Database {
  const read = typeof url === 'function' ? () => checkPgUrl(url()) : constant(checkPgUrl(url))
  if (openKept && !onWorkers()) return openKept(read, options)
  return createScopedDatabase({ name: 'pg', open: (lane) => openLane(lane, false) }, read, options)
}

function checkPgUrl(url: string | undefined): string {
  return checkUrl(url, (given) => createClient({ url: given, login: null, settings: {}, connectTimeoutMs: 1000 }))
}

function constant<T>(value: T): () => T {
  return () => value
}

function onWorkers(): boolean {
  return globalThis.navigator?.userAgent === 'Cloudflare-Workers'
}
