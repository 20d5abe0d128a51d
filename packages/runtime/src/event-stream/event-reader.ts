/** Reads the outbox for a stream: as its caller would over `/rest/v1/events`, who is asked for anew each time. */
import { DatabaseError, invariant } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import { readAddress } from '../http/address.ts'
import type { Call } from '../http/call.ts'
import type { Reply } from '../http/reply.ts'

export interface EventRow {
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject: string | null
  readonly time: string
  /** JSON, as it is stored: its numbers keep every digit. */
  readonly data: string
  readonly position: number
}

export interface Page {
  readonly events: readonly EventRow[]
  /** All up to here has been read. */
  readonly upTo: number
  /** Whether there may be more. */
  readonly full: boolean
}

export interface EventReader {
  /** The position of the newest event, 0 where there is none. */
  newest(): Promise<number>
  after(position: number): Promise<Page>
}

/** Answers a data request, rules and all. */
export type AskData = (call: Call, pathTenant: string | null, entity: string) => Promise<Reply>

const PAGE = 100
const FIELDS = 'select=id,source,type,subject,time,data::text,position'

/** @param types a filter of the dialect; null for all. */
export function createEventReader(
  call: Call,
  pathTenant: string | null,
  types: string | null,
  ask: AskData,
): EventReader {
  const { tenant, id } = call.principal ?? {}

  async function rows<T>(query: string): Promise<readonly T[]> {
    const asking = inRegistry(call, query)
    const { status, body } = await ask(asking, pathTenant, 'events')
    invariant(status === 200 && typeof body === 'string', 'events are answered as JSON')
    // A session may have become someone else's meanwhile.
    if (asking.principal?.tenant !== tenant || asking.principal?.id !== id)
      throw runtimeError('AUTH_REQUIRED', 'the caller is another one now')
    return JSON.parse(body) as readonly T[] // as the fields of the query are defined
  }

  async function newest(): Promise<number> {
    const [row] = await rows<EventRow>('select=position&position=not.is.null&order=position.desc&limit=1')
    return row?.position ?? 0
  }

  return {
    newest,
    async after(position) {
      // Events that do not fit are passed over for good, not looked at again each time. Those there are have all been
      // seen when the newest is: the relay gives positions in one transaction after the other.
      const last = types === null ? null : await newest()
      if (last !== null && last <= position) return { events: [], upTo: position, full: false }
      const bounds = `position=gt.${position}${last === null ? '' : `&position=lte.${last}&${types}`}`
      const events = await rows<EventRow>(`${FIELDS}&${bounds}&order=position&limit=${PAGE}`)
      const full = events.length === PAGE
      return {
        events,
        upTo: full ? (events.at(-1)?.position ?? position) : (last ?? events.at(-1)?.position ?? position),
        full,
      }
    },
  }
}

const NOTHING_YET = { principal: null, headers: null, endings: null } as const

/** The same caller's question to the registry. What the request says about its answer is said about the stream. */
function inRegistry(call: Call, query: string): Call {
  const url = new URL(call.request.url)
  url.pathname = url.pathname.replace(/\/events\/?$/, '/rest/v1/events')
  url.search = query
  const headers = new Headers(call.request.headers)
  for (const name of ['accept', 'prefer', 'range', 'if-none-match', 'if-match']) headers.delete(name)
  headers.set('accept-profile', 'platform')
  const { context, requestId, scope, connection } = call
  const request = new Request(url, { headers })
  return { context, requestId, scope, connection, request, address: readAddress(request.url), ...NOTHING_YET }
}

/**
 * Refuses to go on from a position behind which events have been removed.
 *
 * @throws `EVENTS_PRUNED` (410).
 */
export async function refusePruned(call: Call, tenantId: string, after: number): Promise<void> {
  if (after === 0) return
  const pruned = await prunedUpTo(call, tenantId)
  if (after >= pruned) return
  throw runtimeError('EVENTS_PRUNED', `events after ${after} have been removed, up to ${pruned}`, {
    hint: 'Read what you keep anew, then open the stream without a last event id; or with 0 for all that are kept.',
  })
}

async function prunedUpTo(call: Call, tenantId: string): Promise<number> {
  const statement = { text: 'select position from backsaas.pruned_events where tenant_id = $1', params: [tenantId] }
  try {
    const [result] = await call.connection.batch([statement])
    return Number(result?.rows[0]?.[0] ?? 0)
  } catch (error) {
    // A control schema from before there was pruning: nothing has been.
    if (error instanceof DatabaseError && error.fields.sqlState === '42P01') return 0
    throw error
  }
}
