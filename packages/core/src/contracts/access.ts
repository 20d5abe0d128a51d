/** Who may do what: the rules of `access:` and of a tenant's `policies` rows, in one form. */

import type { Action } from './action.ts'
import type { CompiledExpression } from './expression.ts'

/**
 * One rule: it lets a role do an action on an entity, or forbids it. What no rule allows is denied; a rule that forbids wins.
 * A predicate that is null counts as false where it allows and as true where it forbids.
 */
export interface AccessRule {
  readonly role: string
  readonly action: Action
  readonly effect: 'allow' | 'deny'
  /** Of read, update and delete: the rows, as they are, that it holds for; absent: all. Of create: the rows as given. */
  readonly where?: CompiledExpression
  /**
   * The fields it holds for, `except` worked in; absent: all there are. Of read what is seen, of create and update what is
   * given. A rule that forbids with `fields` forbids these alone.
   */
  readonly fields?: readonly string[]
  /** Of create and update: what the final row must satisfy. */
  readonly check?: CompiledExpression
  /** Where it was written: a JSON pointer into the schema, or `policies/<id>` and what follows in the row. */
  readonly place: string
}
