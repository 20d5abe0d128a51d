/** A database that listens, for the bus that needs one: adapters know no other adapter, not even in their tests. */
import type { Database } from '@backsaas/core'
import { pg } from '../src/databases/pg/pg.ts'
import type { ServerOptions } from '../src/databases/server-options.ts'

/** @example const database = openListeningDatabase(fresh.url) */
export function openListeningDatabase(url: string, options: ServerOptions = {}): Database {
  return pg(url, { serveAs: 'given', ...options })
}
