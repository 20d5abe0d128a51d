/** Connections that outlive a request: everywhere but on Workers, whose bundles do not hold this. */
import type { Database } from '@backsaas/core'
import { createPooledDatabase, type Driver } from '../pooled-database.ts'
import type { ServerOptions } from '../server-options.ts'
import { openLane } from './lane.ts'
import { openListening } from './open-listening.ts'

const DRIVER: Driver = {
  name: 'pg',
  open: (lane) => openLane(lane, true),
  listen: openListening,
  share: Infinity,
}

export function openKept(url: () => string, options: ServerOptions): Database {
  return createPooledDatabase(DRIVER, url, options)
}
