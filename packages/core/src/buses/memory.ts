/** A bus within one process: events reach its subscribers and stay readable until newer ones push them out. */
import type { Bus } from '../contracts/bus.ts'
import type { Event } from '../contracts/event.ts'
import { BackSaasError } from '../errors/backsaas-error.ts'
import { closedError, createDelivery, type OnBusError, reportBusError } from './delivery.ts'

export interface MemoryBusOptions {
  /** How many events stay readable, and how many may wait for a slow handler; default 1000. */
  readonly keep?: number
  /** Told of a handler's failure and of events that a slow handler missed; default `console.error`. */
  readonly onError?: OnBusError
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
  const { keep = 1000, onError = reportBusError } = options
  if (!Number.isSafeInteger(keep) || keep < 1) {
    throw new BackSaasError('OPTION_INVALID', 500, `keep must be a whole number above 0, not ${keep}`)
  }
  const kept: Event[] = []
  const delivery = createDelivery({ keep, onError })
  let closed = false

  return {
    name: 'memory',
    async publish(events) {
      if (closed) throw closedError()
      for (const event of events) {
        const copy = structuredClone(event)
        keepEvent(kept, copy, keep)
        delivery.deliver(copy)
      }
    },
    async subscribe(handler, subscribeOptions = {}) {
      if (closed) throw closedError()
      return delivery.add(handler, subscribeOptions)
    },
    async read(after, max) {
      const from = firstAfter(kept, after.position)
      return kept.slice(from, from + Math.max(0, max))
    },
    async close() {
      closed = true
      await delivery.end()
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
