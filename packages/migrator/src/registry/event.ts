/** Events of the registry, written to the outbox in the transaction of the change they tell. */
import type { JsonObject, Statement } from '@backsaas/core'
import { uuidv7 } from '@backsaas/core'
import { insertRow, type Platform } from './platform.ts'

export interface RegistryEvent {
  readonly type: string
  /** The tenant that owns what happened. */
  readonly tenantId: string
  /** The id of the thing that it happened to. */
  readonly subject: string
  readonly data: JsonObject
}

/** The insert of one event. */
export function insertEvent(platform: Platform, event: RegistryEvent): Statement {
  return insertRow(platform, 'events', event.tenantId, {
    id: uuidv7(),
    type: event.type,
    source: '/registry',
    subject: event.subject,
    // The database's own clock, at this very statement: the relay orders by it, whoever wrote the event.
    time: { sql: 'clock_timestamp()' },
    data: JSON.stringify(event.data),
  })
}
