/** Policy tests as their author wrote them, once their shape is known to be right. */
import type { Action } from '../contracts/action.ts'
import type { Principal } from '../contracts/principal.ts'

export const KINDS: readonly Principal['kind'][] = ['user', 'key', 'service', 'anonymous']

/** A file of tests. */
export interface TestFileDocument {
  /** The name of the schema that they are for. */
  schema?: string
  description?: string
  tests?: TestDocument[]
  /** Cases of functions. */
  function_tests?: unknown
}

/** `as` with `can` and `can_not`, or `principals` with `matrix`. */
export interface TestDocument {
  name?: string
  /** Entity → rows, perhaps by label. */
  fixtures?: Record<string, RowDocument[] | Record<string, RowDocument>>
  as?: CallerDocument
  can?: AttemptDocument | AttemptDocument[]
  can_not?: AttemptDocument | AttemptDocument[]
  principals?: Record<string, CallerDocument>
  inputs?: Record<string, { create?: RowDocument; update?: RowDocument }>
  matrix?: Record<string, MatrixEntryDocument>
}

export type RowDocument = Record<string, unknown>

export interface CallerDocument {
  role?: string
  roles?: string[]
  id?: string
  email?: string
  kind?: Principal['kind']
}

/** One action with its entity, and what it is about. */
export type AttemptDocument = { [A in Action]?: string } & {
  /** A row, or the label of a fixture. */
  row?: RowDocument | string
  input?: RowDocument
  fields?: string[]
}

/** Action → who may do it to every row, or label → who may do it to this one. */
export type MatrixEntryDocument = { [A in Action]?: string[] | Record<string, string[]> }
