/** The events that a function publishes, kept until what it works for is done. */
import type { FunctionEvents } from '../contracts/function-context.ts'
import type { OutgoingEvent } from '../contracts/outgoing-event.ts'
import { BackSaasError } from '../errors/backsaas-error.ts'

const TYPE = /^[a-z][a-z0-9_]{0,47}(?:\.[a-z0-9_]{1,48}){1,4}$/
/** What the product itself tells: caches are cleared by some of these. */
const OWN = /^(?:schema|tenant|install|rollout|policy|record|placement|migration|job)\./
const EVENTS_MAX = 1_000
const BYTES_MAX = 65_536
/** About ten years. */
const AHEAD_MAX_MS = 315_360_000_000

/** @param into is added to. */
export function collectEvents(into: OutgoingEvent[]): FunctionEvents {
  const add = (event: OutgoingEvent): void => {
    const fault = faultOf(event, into.length)
    if (fault) throw new BackSaasError('FUNCTION_FAILED', 500, `a function publishes an event ${fault}`)
    into.push(event)
  }
  return {
    publish: (type, data, subject) => add({ type, data, subject: subject ?? null, atMs: null }),
    schedule: (atMs, type, data, subject) => add({ type, data, subject: subject ?? null, atMs }),
  }
}

function faultOf({ type, data, subject, atMs }: OutgoingEvent, count: number): string | null {
  if (!TYPE.test(type) || OWN.test(type)) return `of the type ${JSON.stringify(type).slice(0, 100)}, which is not free`
  if (count >= EVENTS_MAX) return `more than the ${EVENTS_MAX} that it may`
  if ((subject?.length ?? 0) > 500) return 'with a subject of more than 500 characters'
  if ((JSON.stringify(data) ?? '').length > BYTES_MAX) return `of more than ${BYTES_MAX} characters`
  if (atMs !== null && !(Number.isFinite(atMs) && atMs - Date.now() < AHEAD_MAX_MS)) return 'at a time that is none'
  return null
}
