/** What roles may do: compiled once per schema version and set of policies, so that a request only looks up. */
import type { AccessRule } from './access.ts'
import type { Action } from './action.ts'

/** Plain data, serialisable. */
export interface Decisions {
  /** Each rule once: those of `access:`, then those of the tenant's policies. */
  readonly rules: readonly AccessRule[]
  /**
   * By role, entity and action: the rules that hold for who has the role, its own and inherited ones, by their index in
   * `rules`. What is not here is denied; of several rules one that forbids wins, whichever role it comes from.
   */
  readonly roles: Readonly<Record<string, Readonly<Record<string, EntityDecisions>>>>
  /**
   * Of policies that do not fit the schema, as when a field of it is gone. They close and never open: one that allows grants
   * nothing, one that forbids forbids every row and field to its role. Absent where there are none.
   */
  readonly faults?: readonly PolicyFault[]
}

export type EntityDecisions = Readonly<Partial<Record<Action, readonly number[]>>>

/** What is wrong with one part of a policy. */
export interface PolicyFault {
  /** `policies/<id>/<field>`, and behind it which of a list. */
  readonly place: string
  /** UPPER_SNAKE, as of a schema's problems. */
  readonly code: string
  readonly message: string
  readonly hint?: string
  /** Within an expression, 1-based. */
  readonly line?: number
  readonly column?: number
}

/** A row of the platform's `policies`, as a tenant's admin wrote it. */
export interface PolicyRow {
  readonly id: string
  /** The name of the schema whose entities it is about. */
  readonly schema: string
  readonly role: string
  readonly entity: string
  readonly action: Action
  readonly effect: 'allow' | 'deny'
  /** CEL, as in `access:`. */
  readonly where: string | null
  readonly check: string | null
  readonly fields: readonly string[] | null
  readonly except: readonly string[] | null
}
