/** `GET /events`: what happens in a tenant, as it happens, for who may read its `events`. */
import type { Observe } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import { presentable } from '../errors/problem-response.ts'
import type { Call } from '../http/call.ts'
import { type IdentifyOptions, identify } from '../stages/identify.ts'
import { letIn } from '../stages/let-in.ts'
import { type AskData, createEventReader, refusePruned } from './event-reader.ts'
import { openStream, type StreamTimes } from './open-stream.ts'
import { readStreamRequest } from './read-stream-request.ts'
import type { StreamHub } from './stream-hub.ts'

export interface EventsOptions {
  readonly hub: StreamHub
  readonly identifying: IdentifyOptions
  readonly observe: Observe | null
  readonly ask: AskData
}

const ON_WORKERS = globalThis.navigator?.userAgent === 'Cloudflare-Workers'

/**
 * Asked for anew every 5 s, a caller who may read no more is cut off within 15 s, however old what is known of it was.
 * Where nothing is pushed the table is read every second; on Workers less often, and for a minute at a time.
 */
const TIMES: StreamTimes = ON_WORKERS
  ? { pollMs: 2_000, checkMs: 5_000, lastsMs: 60_000 }
  : { pollMs: 1_000, checkMs: 5_000, lastsMs: null }

/**
 * @throws what `identify` and a read of `events` throw; `STREAM_POSITION_INVALID`, `STREAM_TYPES_INVALID` (400);
 *   `EVENTS_PRUNED` (410); `STREAMS_TOO_MANY` (429).
 */
export async function serveEvents(call: Call, pathTenant: string | null, options: EventsOptions): Promise<Response> {
  const { hub, identifying, observe, ask } = options
  const { after, types } = readStreamRequest(call.request.headers, call.address.query)
  const { tenant, principal } = await letIn(call, pathTenant, identifying)
  const reader = createEventReader(call, pathTenant, types, ask)
  // Refuses who may not read, whatever they have read before.
  const newest = await reader.newest()
  if (after !== null) await refusePruned(call, tenant.id, after)
  if (call.request.method === 'HEAD') return new Response(null, { headers: HEADERS })
  const { stream, end } = openStream(after ?? newest, {
    tenantId: tenant.id,
    reader,
    hub,
    times: TIMES,
    async identifyAgain() {
      const again = await identify({ ...call, principal: null }, pathTenant, identifying)
      if (again.tenant.id !== tenant.id || again.principal.id !== principal.id)
        throw runtimeError('AUTH_REQUIRED', 'the caller is another one now')
    },
    onError(error) {
      const { code, status } = presentable(error)
      if (status >= 500) observe?.({ kind: 'error', requestId: call.requestId, code, error })
    },
  })
  call.request.signal?.addEventListener('abort', end, { once: true })
  return new Response(stream, { headers: HEADERS })
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Proxies that gather an answer before they pass it on would pass on nothing.
  'x-accel-buffering': 'no',
} as const
