/** A CloudEvents 1.0 envelope, as kept in the outbox and sent on a bus. https://github.com/cloudevents/spec */
import type { Json } from './json.ts'

export interface Event {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject?: string
  /** RFC 3339. */
  readonly time: string
  readonly datacontenttype: 'application/json'
  readonly data: Json
  /** Extension: the tenant that owns what happened (uuid). */
  readonly tenantid: string
  /**
   * Extension, from a bus that could not carry all of the event: where `data` is to be had, as a path of the data API.
   * `data` is null then. https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/dataref.md
   */
  readonly dataref?: string
  /** Extension: the position in the outbox, given by the relay; absent until relayed. */
  readonly position?: number
}

/** A place in the outbox: everything up to and including `position` has been seen. */
export interface Cursor {
  readonly position: number
}

export type EventHandler = (event: Event) => void | Promise<void>
export type Unsubscribe = () => void | Promise<void>
