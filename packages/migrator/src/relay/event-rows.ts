/** Rows of the outbox as the envelopes that they are. */
import type { Event, Json } from '@backsaas/core'
import type { TableNames } from '../registry/platform.ts'

/** What `readEvent` takes, of a table that is called `event`. */
export function eventColumns(e: TableNames): string {
  const [id, source, type, subject, data, position] = ['id', 'source', 'type', 'subject', 'data', 'position'].map(
    (field) => `event.${e.column(field)}`,
  )
  const time = `to_char(event.${e.column('time')} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
  return `${id}::text, ${source}, ${type}, ${subject}, ${time}, ${data}::text, event.${e.tenant}::text, ${position}::text`
}

/** The database's own checks make the columns whole. */
export function readEvent(row: readonly (string | null)[]): Event {
  const [id, source, type, subject, time, data, tenantid, position] = row
  return {
    specversion: '1.0',
    id: String(id),
    source: String(source),
    type: String(type),
    ...(typeof subject === 'string' && { subject }),
    time: String(time),
    datacontenttype: 'application/json',
    data: JSON.parse(String(data)) as Json,
    tenantid: String(tenantid),
    position: Number(position),
  }
}
