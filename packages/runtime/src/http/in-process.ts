/** Callers of requests that the process makes to itself: noted by the request object, so that no header can claim it. */
import type { Identity } from '@backsaas/core'
import type { Context } from 'hono'

/** A principal that the developer's code names, or whoever made the request that it is serving. */
export type Caller =
  | { readonly identity: Identity; readonly depth?: number; readonly unruled?: boolean }
  | { readonly context: Context }

export type InProcessCallers = WeakMap<Request, Caller>
