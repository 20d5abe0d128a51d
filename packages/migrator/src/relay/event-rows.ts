/** Rows of the outbox as the envelopes that they are. */
import type { Event, Json } from '@backsaas/core'
import type { TableNames } from '../registry/platform.ts'

/** What was written of an event, in the order of `EVENT_FIELDS`; then its position. */
export type EventRow = readonly (string | null)[]

/** With their types in Postgres; `tenant` is the column of all tables. */
export const EVENT_FIELDS = [
  ['id', 'uuid'],
  ['source', 'text'],
  ['type', 'text'],
  ['subject', 'text'],
  ['time', 'timestamptz'],
  ['data', 'jsonb'],
  ['tenant', 'uuid'],
] as const

/** An `EventRow`, of a table that is called `event`. */
export function eventColumns(e: TableNames): string {
  const columns = EVENT_FIELDS.map(([field]) => {
    if (field === 'tenant') return `event.${e.tenant}::text`
    const column = `event.${e.column(field)}`
    return field === 'time'
      ? `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
      : `${column}::text`
  })
  return [...columns, `event.${e.column('position')}::text`].join(', ')
}

export function positionOf(row: EventRow): number {
  return Number(row.at(-1))
}

/** The database's own checks make the columns whole. */
export function readEvent(row: EventRow): Event {
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
