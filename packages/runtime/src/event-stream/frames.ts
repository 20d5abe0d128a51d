/** Events in the form of `text/event-stream`: https://html.spec.whatwg.org/multipage/server-sent-events.html */
import type { EventRow } from './event-reader.ts'

/** How soon a client connects again. */
const RETRY_MS = 2_000

/** Tells where the client stands before there is any event: one that is cut off now misses nothing. */
export function opening(position: number): string {
  return `retry: ${RETRY_MS}\nid: ${position}\n\n`
}

/** Nothing but a sign of life. */
export const HEARTBEAT = ':\n\n'

export function frame(event: EventRow, tenantId: string): string {
  const { data, position, type, subject, ...rest } = event
  const envelope = {
    specversion: '1.0',
    type,
    ...rest,
    ...(subject === null ? {} : { subject }),
    datacontenttype: 'application/json',
    tenantid: tenantId,
    position,
  }
  // `data` is JSON already, and has no line breaks, as Postgres writes it.
  return `id: ${position}\nevent: ${type.replaceAll(/[\r\n]/g, ' ')}\ndata: ${JSON.stringify(envelope).slice(0, -1)},"data":${data}}\n\n`
}
