/** A use of a function on an entity, compiled: its parameters checked, its condition a tree. */
import type { CompiledExpression } from './expression.ts'
import type { Json } from './json.ts'
import type { Moment } from './moment.ts'

export interface CompiledHook {
  /** The function's name. */
  readonly use: string
  /** The field that it is about; absent for one of the whole row. */
  readonly on?: string
  /** What the function's own check made of `with`. */
  readonly params: Json
  /** Runs where this is true; null is not. */
  readonly when?: CompiledExpression
  /** Whether it, or `when`, must see the row as it was. */
  readonly old?: true
}

/** In order. */
export type CompiledHooks = Readonly<Partial<Record<Moment, readonly CompiledHook[]>>>

/** What `functions:` of a schema says of one function. */
export interface FunctionConfiguration {
  /** Who may call it; the role `admin` alone unless given. */
  readonly roles?: readonly string[]
  readonly settings: Json
}
