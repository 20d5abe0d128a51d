/** A bus within one process: events reach its subscribers and stay readable until newer ones push them out. */
import type { Bus } from '../contracts/bus.ts'
import type { Event, EventHandler } from '../contracts/event.ts'
import { BackSaasError } from '../errors/backsaas-error.ts'

export interface MemoryBusOptions {
  /** How many events stay readable, and how many may wait for a slow handler; default 1000. */
  readonly keep?: number
  /** Told of a handler's failure and of events that a slow handler missed; default `console.error`. */
  readonly onError?: (error: unknown, event: Event) => void
}

interface Subscriber {
  readonly handler: EventHandler
  readonly pending: Event[]
  /** Settles when nothing is pending; undefined then. */
  running?: Promise<void> | undefined
}

/**
 * A bus in memory. Each subscriber is given the events in the order of their publishing, one at a time, apart from
 * the other subscribers and after `publish` has resolved; a handler that fails is reported and given the next one.
 *
 * Delivery is at least once: a relay that was interrupted publishes again, and handlers are given the event again;
 * `read` shows it once. Like every bus this one is a hint: a handler that lags by more than `keep` misses the oldest.
 *
 * @example
 * const bus = memory({ keep: 100 })
 * const unsubscribe = await bus.subscribe?.((event) => console.log(event.type))
 */
export function memory(options: MemoryBusOptions = {}): Bus {
  const { keep = 1000, onError = report } = options
  if (!Number.isSafeInteger(keep) || keep < 1) {
    throw new BackSaasError('OPTION_INVALID', 500, `keep must be a whole number above 0, not ${keep}`)
  }
  const kept: Event[] = []
  const subscribers = new Set<Subscriber>()
  let closed = false

  return {
    name: 'memory',
    async publish(events) {
      if (closed) throw closedError()
      for (const event of events) {
        const copy = structuredClone(event)
        keepEvent(kept, copy, keep)
        for (const subscriber of subscribers) deliver(subscriber, copy, keep, onError)
      }
    },
    async subscribe(handler) {
      if (closed) throw closedError()
      const subscriber: Subscriber = { handler, pending: [] }
      subscribers.add(subscriber)
      return () => {
        subscribers.delete(subscriber)
        subscriber.pending.length = 0
      }
    },
    async read(after, max) {
      const from = firstAfter(kept, after.position)
      return kept.slice(from, from + Math.max(0, max))
    },
    async close() {
      closed = true
      const under = [...subscribers].map((subscriber) => subscriber.running)
      subscribers.clear()
      await Promise.all(under)
    },
  }
}

/** Puts an event where its position belongs, nearly always the end; one without a position cannot be read later. */
function keepEvent(kept: Event[], event: Event, keep: number): void {
  if (event.position === undefined) return
  const index = firstAfter(kept, event.position)
  if (kept[index - 1]?.position === event.position) kept[index - 1] = event
  else kept.splice(index, 0, event)
  if (kept.length > keep) kept.shift()
}

/** The index of the first kept event behind `position`: binary search. */
function firstAfter(kept: readonly Event[], position: number): number {
  let low = 0
  let high = kept.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((kept[middle]?.position ?? 0) <= position) low = middle + 1
    else high = middle
  }
  return low
}

function deliver(
  subscriber: Subscriber,
  event: Event,
  keep: number,
  onError: (error: unknown, event: Event) => void,
): void {
  subscriber.pending.push(event)
  if (subscriber.pending.length > keep) {
    const missed = subscriber.pending.shift()
    if (missed) onError(new BackSaasError('EVENT_MISSED', 500, `a handler lags by ${keep} events`), missed)
  }
  subscriber.running ??= drain(subscriber, onError)
}

async function drain(subscriber: Subscriber, onError: (error: unknown, event: Event) => void): Promise<void> {
  // Not within `publish`: a handler that publishes would call itself.
  await Promise.resolve()
  for (let event = subscriber.pending.shift(); event; event = subscriber.pending.shift()) {
    try {
      await subscriber.handler(event)
    } catch (error) {
      onError(error, event)
    }
  }
  subscriber.running = undefined
}

function closedError(): BackSaasError {
  return new BackSaasError('BUS_CLOSED', 503, 'this bus has been closed')
}

function report(error: unknown, event: Event): void {
  console.error(`an event handler failed on ${event.type} ${event.id}`, error)
}
