/** An event that a function publishes, until it is written into the outbox. */
import type { Json } from './json.ts'

export interface OutgoingEvent {
  readonly type: string
  readonly subject: string | null
  readonly data: Json
  /** Milliseconds since 1970; null for now. */
  readonly atMs: number | null
}
