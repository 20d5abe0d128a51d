/** A Postgres server over TCP, by node-postgres in pipeline mode; on Node, and on Workers (through Hyperdrive, say). */
import type { Database } from '@backsaas/core'
import { createPooledDatabase, type Driver } from '../pooled-database.ts'
import { checkUrl, type ServerOptions } from '../server-options.ts'
import { createClient, openLane } from './lane.ts'
import { createScopedDatabase } from './scoped-database.ts'

export type PgOptions = ServerOptions

/**
 * A database by its URL. Nothing connects before the first statement.
 *
 * On Node up to `max` connections serve all requests; the runtime's batches are pipelined on them, each on the least busy
 * one. On Workers each request (each scope) opens one of its own, which the platform closes with it: `max` and
 * `idleTimeoutMs` mean nothing there, and there are no transactions with decisions and no scripts.
 *
 * The migrator's and (unless `serveAs: 'given'`) the runtime's statements go over the logins that bootstrap wrote to
 * `backsaas.logins`; before that, they fail with `NOT_BOOTSTRAPPED` (503). Behind a pooler such as Hyperdrive the URL is
 * the runtime's login and `serveAs` is `given`.
 *
 * @throws `DATABASE_URL_INVALID` (500) where the URL is none.
 * @example const database = pg('postgres://owner:secret@localhost:5432/app')
 */
export function pg(url: string, options: PgOptions = {}): Database {
  checkUrl(url, () => createClient({ url, login: null, settings: {}, connectTimeoutMs: 1000 }))
  return onWorkers()
    ? createScopedDatabase(driver(false), url, options)
    : createPooledDatabase(driver(true), url, options)
}

/** @param kept whether connections outlive a request. */
function driver(kept: boolean): Driver {
  return { name: 'pg', open: (options) => openLane(options, kept), share: Infinity }
}

function onWorkers(): boolean {
  return globalThis.navigator?.userAgent === 'Cloudflare-Workers'
}
