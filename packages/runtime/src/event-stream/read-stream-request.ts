/** What a client asks of `/events`: from where, and which types. */
import { runtimeError } from '../errors/error-catalogue.ts'

export interface StreamRequest {
  /** The position of the last event that the client has; null for none: from now on. */
  readonly after: number | null
  /** As a filter of the dialect; null for all types. */
  readonly types: string | null
}

const MAX_TYPES = 50
/** `schema.created`, `record.*`, `*`. */
const TYPE = /^(?=.{1,200}$)(?:\*|[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*(?:\.\*)?)$/

/**
 * @throws `STREAM_POSITION_INVALID` (400) where the position is no whole number; `STREAM_TYPES_INVALID` (400) where a type
 *   cannot be one.
 * @example readStreamRequest(new Headers({ 'last-event-id': '41' }), 'types=record.*')
 *   // { after: 41, types: 'or=(type.like."record.*")' }
 */
export function readStreamRequest(headers: Headers, query: string): StreamRequest {
  const asked = new URLSearchParams(query)
  // A browser that connects again sends the header, and the URL it began with.
  const after = headers.get('last-event-id') ?? asked.get('last_event_id')
  const types = asked.get('types')
  return {
    after: after === null || after === '' ? null : readPosition(after),
    types: types === null ? null : readTypes(types),
  }
}

function readPosition(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw runtimeError('STREAM_POSITION_INVALID', 'the last event id is no position of an event', {
    hint: 'Send the `id` of the last event you have, or 0 for all that are kept.',
  })
}

function readTypes(text: string): string | null {
  const types = text.split(',').map((type) => type.trim())
  if (types.length > MAX_TYPES || !types.every((type) => TYPE.test(type)))
    throw runtimeError('STREAM_TYPES_INVALID', 'types names something that is no type of event', {
      hint: `Up to ${MAX_TYPES}, between commas: \`types=schema.created,record.*\`.`,
    })
  if (types.includes('*')) return null
  return `or=(${types.map((type) => `type.${type.endsWith('.*') ? 'like' : 'eq'}."${type}"`).join(',')})`
}
