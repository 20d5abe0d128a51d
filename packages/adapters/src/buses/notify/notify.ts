/** A bus over Postgres' own NOTIFY: no server besides the database. */
import { BackSaasError, type Bus, type Database, type Event, type Scope, type Unsubscribe } from '@backsaas/core'
import {
  closedError,
  createDelivery,
  createSequence,
  type OnBusError,
  readEvent,
  reportBusError,
} from '@backsaas/core/bus-parts'
import { pause } from '../../pause.ts'

export interface NotifyBusOptions {
  /** Letters a–z, digits and `_`; default `backsaas_events`. */
  readonly channel?: string
  /** How many events may wait for a slow handler; default 1000. */
  readonly keep?: number
  /** Told of a lost connection, of what is no event, of a handler's failure; default `console.error`. */
  readonly onError?: OnBusError
}

/** Postgres takes fewer than 8000 bytes. */
const MAX_BYTES = 7_900
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000

const SCOPE: Scope = { waitUntil: () => {}, now: () => Date.now() }

/**
 * A bus over a channel of a database that can listen. Subscribers share one connection, which is made again whenever it
 * is lost; they are told of a gap then.
 *
 * An event of more than 7,900 bytes travels without its `data`: `data` is null and `dataref` says where it is. NOTIFY keeps
 * nothing, and the table of events is not open to the runtime's login as a whole, so `read` answers nothing.
 *
 * @param database is not closed with the bus.
 * @throws `LISTEN_UNSUPPORTED` (501) where the database cannot listen. `publish` throws `DatabaseError`.
 * @example const bus = notify(database)
 */
export function notify(database: Database, options: NotifyBusOptions = {}): Bus {
  const { channel = 'backsaas_events', keep = 1000, onError = reportBusError } = options
  if (!database.listen) {
    throw new BackSaasError('LISTEN_UNSUPPORTED', 501, `the database adapter ${database.name} cannot listen here`, {
      hint: 'take a bus that can be read over HTTP (buses/upstash), or none',
    })
  }
  const delivery = createDelivery({ keep, onError })
  const sequence = createSequence()
  const stopping = new AbortController()
  let listening: Promise<void> | null = null
  let stop: Unsubscribe | null = null
  let retrying: Promise<void> | null = null
  let closing: Promise<void> | null = null

  function hear(payload: string): void {
    let event: Event
    try {
      event = readEvent(payload)
    } catch (error) {
      onError(error)
      return
    }
    if (sequence.skips(event)) delivery.gap()
    delivery.deliver(event)
  }

  function onReconnect(): void {
    sequence.forget()
    delivery.gap()
  }

  async function listen(): Promise<void> {
    stop = (await database.listen?.(channel, hear, { onReconnect, onError })) ?? null
  }

  /** The database is away already at the start: subscribers wait for it in the background. */
  async function retry(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      await pause(pauseMs, stopping.signal)
      if (stopping.signal.aborted) return
      try {
        await listen()
        return onReconnect()
      } catch (error) {
        onError(error)
      }
    }
  }

  async function begin(): Promise<void> {
    try {
      await listen()
    } catch (error) {
      if (error instanceof BackSaasError && error.code === 'CHANNEL_INVALID') throw error
      onError(error)
      retrying = retry()
    }
  }

  async function end(): Promise<void> {
    stopping.abort()
    await listening?.catch(() => undefined)
    await retrying
    await stop?.()
    await delivery.end()
  }

  return {
    name: 'notify',
    async publish(events) {
      if (closing) throw closedError()
      if (events.length === 0) return
      const statements = events.map((event) => ({
        text: 'select pg_notify($1, $2)',
        params: [channel, toPayload(event)],
      }))
      await database.open(SCOPE).batch(statements)
    },
    async subscribe(handler, subscribeOptions = {}) {
      if (closing) throw closedError()
      const remove = delivery.add(handler, subscribeOptions)
      listening ??= begin()
      await listening
      return remove
    },
    async read() {
      if (closing) throw closedError()
      return []
    },
    close() {
      closing ??= end()
      return closing
    },
  }
}

function toPayload(event: Event): string {
  const whole = JSON.stringify(event)
  if (new TextEncoder().encode(whole).length <= MAX_BYTES) return whole
  return JSON.stringify({ ...event, data: null, dataref: `/rest/v1/events?id=eq.${event.id}` })
}
