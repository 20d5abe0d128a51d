/** Events of the registry, written to the outbox in the transaction of the change they tell. */
import { type Statement, uuidv7 } from '@backsaas/core'
import { checkEventData, type EventData, type EventType } from '@backsaas/core/events'
import { insertRow, type Platform } from './platform.ts'

export interface RegistryEvent<T extends EventType> {
  readonly type: T
  /** The tenant that owns what happened. */
  readonly tenantId: string
  /** The id of the thing that it happened to. */
  readonly subject: string
  readonly data: EventData<T>
}

/** The insert of one event. @throws `EVENT_INVALID` (500) where its data is not as its type defines it. */
export function insertEvent<T extends EventType>(platform: Platform, event: RegistryEvent<T>): Statement {
  checkEventData(event.type, event.data)
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
