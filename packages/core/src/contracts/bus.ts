/** A bus broadcasts events. It is a hint: the outbox table is the truth. */
import type { Cursor, Event, EventHandler, Unsubscribe } from './event.ts'

export interface SubscribeOptions {
  /**
   * Events may have been missed: a connection was lost, the bus was emptied, the handler lagged. What was learnt from
   * events before is to be looked up anew. It may also be told for nothing.
   */
  readonly onGap?: () => void
}

export interface Bus {
  readonly name: string
  /** At least once, in the order given. @throws where the bus cannot be reached within a bounded time. */
  publish(events: readonly Event[]): Promise<void>
  /**
   * Gives `handler` the events that are published from now on, one at a time. Absent where the transport cannot push;
   * then readers poll with `read`. Where the bus is away it resolves all the same, and goes on trying.
   */
  subscribe?(handler: EventHandler, options?: SubscribeOptions): Promise<Unsubscribe>
  /** Events after `after`, oldest first, at most `max`; what the bus no longer keeps is left out. */
  read(after: Cursor, max: number): Promise<readonly Event[]>
  close?(): Promise<void>
}
