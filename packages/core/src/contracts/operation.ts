/**
 * What a request asks for, after parsing and before planning: frozen data that plugins may narrow.
 *
 * Values never stand in the tree: they stand in `params`, as text, and the tree names them by index. So two requests
 * that differ in values only have equal trees, and share one rendered statement.
 */
import type { Action } from './action.ts'
import type { CompiledRelation } from './compiled.ts'
import type { Statement } from './database.ts'
import type { FunctionRow } from './function-context.ts'

/** An index into `Operation.params`. */
export type Param = number

export interface Operation {
  readonly action: Action
  /** `upsert` is a create that may update. */
  readonly upsert?: { readonly on: readonly string[]; readonly resolution: 'merge' | 'ignore' }
  readonly entity: string
  /** What to read, or to return of what was written. */
  readonly query: Query
  /** `one`: exactly one row or PGRST116, the body an object. */
  readonly cardinality: 'many' | 'one'
  readonly count: 'none' | 'exact' | 'planned' | 'estimated'
  readonly returning: 'minimal' | 'representation' | 'headers-only'
  /** One row named by its key in the path: none is 404, and the answer carries the row's revision as ETag. */
  readonly item?: boolean
  /** The rows of a create or the values of an update; absent for read and delete. */
  readonly input?: Input
  /** Of an update or delete whose hooks saw the rows: which ones, to be written as long as they are the same; `input` has a row for each. */
  readonly seen?: readonly FunctionRow[]
  /** Statements of its transaction that tell what hooks before the write have published. */
  readonly told?: readonly Statement[]
  /** A write that touches more rows than this is undone and refused. */
  readonly maxAffected?: Param
  /** Do everything, answer as if it were done, and undo it. */
  readonly rollback?: boolean
  /** The time zone to write times in. */
  readonly timeZone?: Param
  /** How Postgres writes the rows; `stripped` leaves nulls out of objects. */
  readonly format: 'json' | 'stripped' | 'csv'
  readonly params: readonly (string | null)[]
}

export interface Query {
  readonly select: readonly Selection[]
  readonly where: readonly Condition[]
  readonly order: readonly Order[]
  readonly limit?: Param
  readonly offset?: Param
}

export interface Input {
  /** The columns that a create or update sets, in order. */
  readonly columns: readonly string[]
  /** Those of `columns` that hooks have set and no client gave. */
  readonly added?: readonly string[]
  /** Parsed rows, one for an update. */
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  /** The JSON text of the rows, where it can be passed on as it came; dropped by whoever changes `rows`. */
  readonly text?: string
  /** Whether a column that a row lacks takes its default (else null). */
  readonly missing: 'default' | 'null'
}

/** A column, or a place inside a JSON column. */
export interface Path {
  readonly field: string
  readonly json: readonly JsonStep[]
}

export interface JsonStep {
  readonly arrow: '->' | '->>'
  /** A key, or an index where it is a number. Part of the tree: a path is a shape, not a value. */
  readonly key: string | number
}

export type AggregateName = 'count' | 'sum' | 'avg' | 'min' | 'max'

export type Selection =
  | {
      readonly kind: 'column'
      readonly path: Path
      readonly alias: string
      readonly cast?: string
      readonly aggregate?: { readonly name: AggregateName; readonly cast?: string }
    }
  /** `count()` without a column. */
  | { readonly kind: 'count'; readonly alias: string; readonly cast?: string }
  | Embed

export interface Embed {
  readonly kind: 'embed'
  readonly alias: string
  readonly relation: CompiledRelation
  /** A many-to-many: `relation` leads to the junction, this one on to the target. */
  readonly through?: CompiledRelation
  readonly join: 'left' | 'inner'
  readonly spread: boolean
  readonly query: Query
}

export interface Order {
  readonly path: Path
  /** Sort by a field of a to-one embed, by its alias. */
  readonly embed?: string
  readonly direction: 'asc' | 'desc'
  readonly nulls?: 'first' | 'last'
}

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly not: boolean; readonly conditions: readonly Condition[] }
  | Comparison
  /** An embed is, or is not, null: `company=not.is.null`. */
  | { readonly kind: 'embed'; readonly not: boolean; readonly alias: string }

export interface Comparison {
  readonly kind: 'comparison'
  readonly not: boolean
  readonly path: Path
  readonly operator: Operator
  /** `like(any).{a,b}`: the param is an array literal. */
  readonly quantifier?: 'any' | 'all'
  /** Text search configuration, `fts(english)`. */
  readonly language?: string
  /** For `is`: what it is; otherwise absent. */
  readonly is?: 'null' | 'not_null' | 'true' | 'false' | 'unknown'
  /** For `in`, an array literal. Absent for `is`. */
  readonly param?: Param
}

export type Operator =
  | 'eq'
  | 'neq'
  | 'gt'
  | 'gte'
  | 'lt'
  | 'lte'
  | 'like'
  | 'ilike'
  | 'match'
  | 'imatch'
  | 'in'
  | 'is'
  | 'isdistinct'
  | 'fts'
  | 'plfts'
  | 'phfts'
  | 'wfts'
  | 'cs'
  | 'cd'
  | 'ov'
  | 'sl'
  | 'sr'
  | 'nxr'
  | 'nxl'
  | 'adj'
