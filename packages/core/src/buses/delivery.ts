/** From a bus to its subscribers: each is given the events in order, one at a time, apart from the others. */
import type { SubscribeOptions } from '../contracts/bus.ts'
import type { Event, EventHandler } from '../contracts/event.ts'
import { BackSaasError } from '../errors/backsaas-error.ts'

/** Told what went wrong; with the event where it is about one. */
export type OnBusError = (error: unknown, event?: Event) => void

export interface DeliveryOptions {
  /** How many events may wait for a slow handler. */
  readonly keep: number
  readonly onError: OnBusError
}

export interface Delivery {
  add(handler: EventHandler, options: SubscribeOptions): () => void
  /** Hands an event to every subscriber; returns before any handler has run. */
  deliver(event: Event): void
  /** Tells every subscriber that events may have been missed. */
  gap(): void
  /** How many subscribers there are. */
  count(): number
  /** Lets go of all subscribers, and waits for the handlers under way. */
  end(): Promise<void>
}

interface Subscriber {
  readonly handler: EventHandler
  readonly onGap: (() => void) | undefined
  readonly pending: Event[]
  /** Settles when nothing is pending; undefined then. */
  running?: Promise<void> | undefined
}

/**
 * A handler that fails is reported and given the next event; one that lags by more than `keep` misses the oldest, and
 * is told of the gap.
 *
 * @example const delivery = createDelivery({ keep: 1000, onError: reportBusError })
 */
export function createDelivery({ keep, onError }: DeliveryOptions): Delivery {
  const subscribers = new Set<Subscriber>()

  function offer(subscriber: Subscriber, event: Event): void {
    subscriber.pending.push(event)
    if (subscriber.pending.length > keep) {
      const missed = subscriber.pending.shift()
      onError(new BackSaasError('EVENT_MISSED', 500, `a handler lags by ${keep} events`), missed)
      tell(subscriber)
    }
    subscriber.running ??= drain(subscriber)
  }

  async function drain(subscriber: Subscriber): Promise<void> {
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

  function tell({ onGap }: Subscriber): void {
    try {
      onGap?.()
    } catch (error) {
      onError(error)
    }
  }

  return {
    add(handler, { onGap }) {
      const subscriber: Subscriber = { handler, onGap, pending: [] }
      subscribers.add(subscriber)
      return () => {
        subscribers.delete(subscriber)
        subscriber.pending.length = 0
      }
    },
    deliver(event) {
      for (const subscriber of subscribers) offer(subscriber, event)
    },
    gap() {
      for (const subscriber of subscribers) tell(subscriber)
    },
    count: () => subscribers.size,
    async end() {
      const underWay = [...subscribers].map((subscriber) => subscriber.running)
      subscribers.clear()
      await Promise.all(underWay)
    },
  }
}

export function closedError(): BackSaasError {
  return new BackSaasError('BUS_CLOSED', 503, 'this bus has been closed')
}

/** To the console, where nobody else is told. */
export function reportBusError(error: unknown, event?: Event): void {
  if (event) console.error(`an event handler failed on ${event.type} ${event.id}`, error)
  else console.error('an event bus is in trouble', error)
}
