/** A Postgres server over TCP, by postgres.js; for Node, where connections outlive a request. */
import type { Database } from '@backsaas/core'
import { createPooledDatabase, type Driver } from '../pooled-database.ts'
import { checkUrl, type ServerOptions } from '../server-options.ts'
import { createClient, openLane } from './lane.ts'
import { openListening } from './open-listening.ts'

export type PostgresOptions = ServerOptions

/**
 * A database by its URL. Nothing connects before the first statement.
 *
 * The migrator's and (unless `serveAs: 'given'`) the runtime's statements go over the logins that bootstrap wrote to
 * `backsaas.logins`; before that, they fail with `NOT_BOOTSTRAPPED` (503).
 *
 * Statements are prepared under a name on each connection; after 1000 texts a connection is replaced.
 *
 * @throws `DATABASE_URL_INVALID` (500) where the URL is none, not given, or names no database.
 * @example const database = postgres('postgres://owner:secret@localhost:5432/app')
 */
export function postgres(url: string | undefined, options: PostgresOptions = {}): Database {
  const checked = checkUrl(url, (given) =>
    createClient({ url: given, login: null, settings: {}, connectTimeoutMs: 1000 }, () => {}),
  )
  const driver: Driver = { name: 'postgres', open: openLane, listen: openListening, share: 1 }
  return createPooledDatabase(driver, () => checked, options)
}
