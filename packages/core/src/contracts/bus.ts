/** A bus broadcasts events. It is a hint: the outbox table is the truth. */
import type { Cursor, Event, EventHandler, Unsubscribe } from './event.ts'

export interface Bus {
  readonly name: string
  publish(events: readonly Event[]): Promise<void>
  /** Absent where the transport cannot push; then readers poll with `read`. */
  subscribe?(handler: EventHandler): Promise<Unsubscribe>
  /** Events after `after`, oldest first, at most `max`; what the bus no longer keeps is left out. */
  read(after: Cursor, max: number): Promise<readonly Event[]>
  close?(): Promise<void>
}
