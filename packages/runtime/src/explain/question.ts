/** What `explain_access` is asked, once its arguments are known to be right. */
import type { Action, CompiledEntity, JsonObject, Principal } from '@backsaas/core'

export interface Question {
  /** Null: the caller's own. */
  readonly principal: AskedPrincipal | null
  readonly action: Action
  readonly entity: CompiledEntity
  /** Null: whether the action is allowed on any row at all. */
  readonly row: AskedRow | null
  /** What a create or update gives. */
  readonly input: JsonObject | null
  /** Fields that all have to be seen, or given. */
  readonly fields: readonly string[] | null
}

/** A stored row by the values of its key, as text, or values of a row that need not be stored. */
export type AskedRow = { readonly key: readonly string[] } | { readonly values: JsonObject }

export type AskedPrincipal = Partial<Pick<Principal, 'id' | 'kind' | 'roles' | 'email'>>

/** The fields that a write names. */
export function columnsOf({ input, fields }: Question): readonly string[] {
  return input ? Object.keys(input) : (fields ?? [])
}
