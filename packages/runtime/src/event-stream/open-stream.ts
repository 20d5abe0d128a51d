/** A stream of events: read from the table when woken, at the pace of who reads it, until its caller may not any more. */
import type { EventReader } from './event-reader.ts'
import { frame, HEARTBEAT, opening } from './frames.ts'
import type { Listener, StreamHub } from './stream-hub.ts'

export interface StreamParts {
  readonly tenantId: string
  readonly reader: EventReader
  readonly hub: StreamHub
  /** Fails where the caller may read no more. From memory, mostly. */
  identifyAgain(): Promise<void>
  /** Told why it ended, where that is not the client's doing. */
  onError(error: unknown): void
  readonly times: StreamTimes
}

export interface OpenStream {
  readonly stream: ReadableStream<Uint8Array>
  end(): void
}

export interface StreamTimes {
  /** How often it reads where nothing is pushed; where something is, it reads for all that every `checkMs` twice. */
  readonly pollMs: number
  /** How often the caller is asked for anew, and a sign of life given. */
  readonly checkMs: number
  /** After which the client has to connect again; for ever where null. */
  readonly lastsMs: number | null
}

/**
 * A stream that ends does so without a word: its client connects again, and is then told why it may not.
 *
 * @throws `STREAMS_TOO_MANY` (429).
 */
export function openStream(after: number, parts: StreamParts): OpenStream {
  const { tenantId, reader, hub, times } = parts
  const encoder = new TextEncoder()
  const openedAt = Date.now()
  let position = after
  let woken = true
  let ended = false
  let started = false
  let wake = (): void => {}
  let readAt = 0
  let checkedAt = openedAt
  let remove = (): void => {}

  const listener: Listener = {
    wake() {
      woken = true
      wake()
    },
    end() {
      ended = true
      remove()
      wake()
    },
  }
  remove = hub.add(tenantId, listener)

  /** What is to be sent next; null once it is over. */
  async function next(): Promise<string | null> {
    if (!started) {
      started = true
      return opening(position)
    }
    while (!ended) {
      const now = Date.now()
      if (times.lastsMs !== null && now - openedAt > times.lastsMs) return null
      if (woken || now - readAt >= (hub.pushes() ? times.checkMs * 2 : times.pollMs)) {
        const text = await readMore(now)
        if (text !== '') return text
      }
      if (now - checkedAt >= times.checkMs) {
        checkedAt = now
        await parts.identifyAgain()
        return HEARTBEAT
      }
      if (!woken) await pause(hub.pushes() ? times.checkMs : times.pollMs)
    }
    return null
  }

  async function readMore(now: number): Promise<string> {
    woken = false
    readAt = now
    const { events, upTo, full } = await reader.after(position)
    position = upTo
    if (full) woken = true
    return events.map((event) => frame(event, tenantId)).join('')
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const text = await next().catch((error: unknown) => {
          // What the end of the process brings about is no failure of the stream's.
          if (!ended) parts.onError(error)
          return null
        })
        if (text === null) {
          listener.end()
          controller.close()
        } else controller.enqueue(encoder.encode(text))
      },
      cancel: () => listener.end(),
    },
    // Nothing is read before it is asked for.
    { highWaterMark: 0 },
  )
  return { stream, end: listener.end }
}
