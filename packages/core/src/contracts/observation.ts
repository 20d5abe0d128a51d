/** The one stream that logs and metrics are fed from. */
import type { JsonObject } from './json.ts'

export type Observation =
  | {
      readonly kind: 'request'
      readonly requestId: string
      readonly method: string
      readonly path: string
      readonly status: number
      readonly durationMs: number
      readonly tenant?: string
      readonly principal?: string
    }
  | { readonly kind: 'stage'; readonly requestId: string; readonly stage: StageName; readonly durationMs: number }
  /** Something went wrong that the caller is told little about; `error` is for the operator's eyes. */
  | { readonly kind: 'error'; readonly requestId?: string; readonly code: string; readonly error: unknown }
  | { readonly kind: 'lifecycle'; readonly what: 'ready' | 'closing' | 'closed' }
  /** A job was asked for: whoever works in this process need not wait to be told. */
  | { readonly kind: 'job'; readonly requestId: string; readonly job: string; readonly asked: string }
  /** A job has been worked on: done, refused, broken and not tried again, or to be tried again. */
  | {
      readonly kind: 'work'
      readonly job: string
      readonly asked: string
      readonly tenantId: string
      readonly outcome: 'succeeded' | 'failed' | 'postponed' | 'lost'
      readonly attempts: number
      readonly durationMs: number
      /** Of one that failed. */
      readonly code?: string
    }
  | { readonly kind: 'event'; readonly type: string; readonly id: string }
  /** What a function tells the operator. */
  | {
      readonly kind: 'function'
      readonly requestId: string
      readonly name: string
      readonly message: string
      readonly details?: JsonObject
    }

export type StageName =
  | 'identify'
  | 'parse'
  | 'authorize'
  | 'before'
  | 'hooks'
  | 'validate'
  | 'plan'
  | 'execute'
  | 'respond'

export type Observe = (observation: Observation) => void
