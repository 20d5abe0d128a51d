/** Reads an event that came over a bus, where anyone with access may have put it. */
import type { Event } from '../contracts/event.ts'
import type { Json } from '../contracts/json.ts'
import { isUuid } from '../contracts/uuid.ts'
import { BackSaasError } from '../errors/backsaas-error.ts'

/** Longer ones are not read: the largest that we send holds a schema. */
export const MAX_EVENT_BYTES: number = 4 * 1024 * 1024

/**
 * The event that `text` holds, with what the contract knows of and nothing else.
 *
 * @throws `EVENT_MALFORMED` (400), which never shows the text itself.
 * @example const event = readEvent(message)
 */
export function readEvent(text: string): Event {
  if (text.length > MAX_EVENT_BYTES) throw malformed('it is too long')
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch {
    throw malformed('it is no JSON')
  }
  return checkEvent(given)
}

/**
 * As `readEvent`, for a transport whose client has parsed the JSON already.
 *
 * @throws `EVENT_MALFORMED` (400).
 */
export function checkEvent(parsed: unknown): Event {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw malformed('it is no object')
  const given = parsed as { readonly [key: string]: Json | undefined } // what came of JSON is JSON
  const { id, source, type, subject, time, data, tenantid, dataref, position } = given
  if (given.specversion !== '1.0') throw malformed('specversion')
  if (typeof id !== 'string' || !isUuid(id)) throw malformed('id')
  if (!isText(source, 500)) throw malformed('source')
  if (typeof type !== 'string' || !TYPE.test(type)) throw malformed('type')
  if (subject !== undefined && !isText(subject, 500)) throw malformed('subject')
  if (typeof time !== 'string' || !RFC_3339.test(time)) throw malformed('time')
  if (given.datacontenttype !== 'application/json') throw malformed('datacontenttype')
  if (data === undefined) throw malformed('data')
  if (typeof tenantid !== 'string' || !isUuid(tenantid)) throw malformed('tenantid')
  if (dataref !== undefined && !isText(dataref, 1000)) throw malformed('dataref')
  if (position !== undefined && !isPosition(position)) throw malformed('position')
  return {
    specversion: '1.0',
    id,
    source,
    type,
    ...(subject !== undefined && { subject }),
    time,
    datacontenttype: 'application/json',
    data,
    tenantid,
    ...(dataref !== undefined && { dataref }),
    ...(position !== undefined && { position }),
  }
}

const TYPE = /^[a-z][a-z0-9_.-]{0,199}$/
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/

function isText(value: Json | undefined, max: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= max
}

function isPosition(value: Json): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}

function malformed(what: string): BackSaasError {
  return new BackSaasError('EVENT_MALFORMED', 400, `a message on the bus is no event: ${what}`)
}
