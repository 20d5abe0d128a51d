/** The tenant's `/events`, as its client: each event once, in order, over as many connections as it takes. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Event } from '@backsaas/core'
import { refusedByServer } from '../transfer/rest-client.ts'

export interface FollowOptions {
  /** The root of the data API: `…/rest/v1`, or what is before it. */
  readonly url: string
  readonly key: string
  readonly after: number
  readonly type?: string | undefined
  readonly stopped: Promise<void>
  readonly onEvent: (event: Event) => void
}

const RETRY_MS = 2_000
/** A server gives a sign of life every 5 s. */
const SILENCE_MS = 20_000
/** A server that starts or ends, or has too many streams; the answers of gateways. */
const LATER: ReadonlySet<number> = new Set([429, 502, 503, 504])

/**
 * Resolves when stopped. Whatever cuts the stream off, it is opened again behind the last event that came.
 *
 * @throws the server's refusal, in its words: a key that is revoked, events that are kept no longer.
 */
export async function followEvents({ url, key, after, type, stopped, onEvent }: FollowOptions): Promise<void> {
  const place = new URL(`${url.replace(/\/+$/, '').replace(/\/rest\/v1$/, '')}/events`)
  if (type !== undefined) place.searchParams.set('types', type)
  const controller = new AbortController()
  const { signal } = controller
  void stopped.then(() => controller.abort())
  let position = after
  const take = (frame: string): void => {
    const { id, data } = readFrame(frame)
    if (id !== undefined) position = Number(id)
    if (data !== undefined) onEvent(JSON.parse(data) as Event) // the envelope that the route documents
  }
  while (!signal.aborted) {
    await readOnce(place, { apikey: key, accept: 'text/event-stream', 'last-event-id': String(position) }, signal, take)
    // Ends early where it is stopped.
    await delay(RETRY_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** One connection to its end, be it the server's, the network's or ours. */
async function readOnce(
  place: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  take: (frame: string) => void,
): Promise<void> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), SILENCE_MS)
  try {
    const response = await answered(place, headers, AbortSignal.any([signal, silence.signal]))
    if (response === null) return
    if (!response.ok) {
      const text = await response.text()
      if (LATER.has(response.status)) return
      throw refusedByServer({ status: response.status, headers: response.headers, text }, 'events')
    }
    await readFrames(response.body, () => timer.refresh(), take)
  } finally {
    clearTimeout(timer)
    silence.abort()
  }
}

/** Null where there is no answer: the next connection is what that is for. */
async function answered(
  place: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response | null> {
  try {
    return await fetch(place, { headers, signal })
  } catch {
    return null
  }
}

async function readFrames(
  body: ReadableStream<Uint8Array> | null,
  heard: () => void,
  take: (frame: string) => void,
): Promise<void> {
  const reader = body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    // A connection that breaks is one that ends.
    const chunk = await reader?.read().catch(() => null)
    if (!chunk || chunk.done) return
    heard()
    const frames = `${text}${decoder.decode(chunk.value, { stream: true })}`.split('\n\n')
    text = frames.pop() ?? ''
    for (const frame of frames) take(frame)
  }
}

/** Of what the server sends: each field once, on a line of its own; comments are signs of life. */
function readFrame(frame: string): Readonly<Record<string, string>> {
  const lines = frame.split('\n').filter((line) => !line.startsWith(':'))
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]))
}
