/** A schema after compilation: plain, frozen, serialisable data; what the registry stores and a runtime serves. */
import type { AccessRule } from './access.ts'
import type { Decisions } from './decisions.ts'
import type { CompiledExpression } from './expression.ts'
import type { FieldType } from './field-type.ts'
import type { CompiledHooks, FunctionConfiguration } from './hook.ts'
import type { Json } from './json.ts'

export interface CompiledSchema {
  readonly name: string
  readonly description?: string
  /** The version its author expects to publish; the registry assigns it and refuses another (409). Not in the hash. */
  readonly version?: number
  /**
   * SHA-256 (hex) over the normalised document: `version`, `tests`, comments and order do not count; of an expression its
   * text does, and not what is made of it.
   */
  readonly hash: string
  readonly roles: Readonly<Record<string, { readonly inherits: readonly string[] }>>
  readonly entities: Readonly<Record<string, CompiledEntity>>
  /** What it says of functions, by their names; absent where it says nothing. */
  readonly functions?: Readonly<Record<string, FunctionConfiguration>>
  /** What its author says of the change from the version before. Not in the hash: said again later, it means nothing. */
  readonly evolution?: { readonly removed: readonly string[] }
  /** What its rules come to without any policies; put in when it is published by who can decide. Not in the hash. */
  readonly decisions?: Decisions
}

export interface CompiledEntity {
  readonly name: string
  /** The same in every version, whatever the entity is called; given when it is published. Not in the hash. */
  readonly id?: number
  readonly evolution?: EntityEvolution
  readonly description?: string
  /** The names of the key fields, one or more. */
  readonly key: readonly string[]
  /** In the document's order, the system fields (`id`, `created_at`, …) at their usual places. */
  readonly fields: Readonly<Record<string, CompiledField>>
  /** By embed name; where several claim one name, those that do not win it are under `<name>!<fields>`. */
  readonly relations: Readonly<Record<string, CompiledRelation>>
  /** Unique sets besides the key, a field's own `unique: true` included. */
  readonly unique: readonly (readonly string[])[]
  readonly indexes: readonly (readonly string[])[]
  /** Record events this entity publishes. */
  readonly events: readonly ('created' | 'updated' | 'deleted')[]
  /** The rules of `access:`; absent where the entity has none. */
  readonly access?: readonly AccessRule[]
  /** What every row must satisfy when it is written; null satisfies, as in Postgres. */
  readonly checks?: readonly CompiledCheck[]
  /** Functions that run before and after its writes; absent where none do. */
  readonly hooks?: CompiledHooks
}

export interface CompiledCheck {
  /** The field whose `check` it is; absent for one of the entity. */
  readonly field?: string
  readonly expression: CompiledExpression
}

/** How the entity comes out of the version before. Not in the hash. */
export interface EntityEvolution {
  readonly renamedFrom?: string
  /** Fields that are gone; `down` is the CEL of what clients of the version before see in rows of newer ones. */
  readonly removed?: Readonly<Record<string, { readonly down?: string }>>
}

/** How the field comes out of the version before; sources of CEL, which are checked when a migration is planned. Not in the hash. */
export interface FieldEvolution {
  readonly renamedFrom?: string
  /** `up` reads the version before, `down` this one; `hook` names a function given to the migrator. */
  readonly convert?: { readonly up?: string; readonly down?: string; readonly hook?: string }
  /** Of an enum: what becomes of values that are gone. */
  readonly map?: Readonly<Record<string, string | null>>
  /** What a row has that has nothing. */
  readonly fill?: { readonly literal: Json } | { readonly cel: string }
  /** What becomes of values of a new reference that lead nowhere; `fail` unless said. */
  readonly orphans?: 'fail' | 'set_null' | 'delete'
}

export interface CompiledField {
  readonly name: string
  /** The same in every version of the schema, and no other field's; given when it is published. Not in the hash. */
  readonly id?: number
  readonly evolution?: FieldEvolution
  readonly description?: string
  readonly type: FieldType
  readonly list: boolean
  /** NOT NULL. A required field without default must be given on create. */
  readonly required: boolean
  /** Who writes it: the client, or the platform alone (a client that names it in a body gets 422). */
  readonly writable: boolean
  /**
   * Where the value of an insert comes from when the body has none: `uuidv7` (made by the runtime), `identity` (the
   * column itself), `now`, `principal` (the caller's id), `revision` (1, plus one at each update), an expression that names
   * no row, or a literal.
   */
  readonly default?:
    | { readonly from: 'uuidv7' | 'identity' | 'now' | 'principal' | 'revision' }
    | { readonly literal: Json }
    | { readonly from: 'expression'; readonly expression: CompiledExpression }
  /**
   * The value is worked out of the row. `stored`: a real column that a trigger keeps, of fields of the row that are not
   * computed. Otherwise there is no column, and the expression stands wherever the field is named; it may read other
   * virtual fields, never in a circle.
   */
  readonly computed?: { readonly expression: CompiledExpression; readonly stored: boolean }
  /** Set again at every update. */
  readonly touched?: 'now' | 'revision'
  readonly values?: readonly string[]
  /** Of an enum: whoever reads it is promised that there are no other values. */
  readonly strict?: boolean
  /** Length of text, value of a number (decimals and bigints as text), items of a list. */
  readonly min?: number | string
  readonly max?: number | string
  readonly precision?: number
  readonly scale?: number
  readonly format?: string
  /** RE2-compatible source, matched anywhere unless anchored. */
  readonly pattern?: string
}

/** One side of a foreign key, seen from the entity that has it in `relations`. */
export interface CompiledRelation {
  /** The name it is embedded by: the relation's `as`, or for the other side a name given by `has_many`, else the entity's. */
  readonly name: string
  /** `one`: this entity holds the reference. `many`: the target does. `one_back`: the target does, uniquely. */
  readonly kind: 'one' | 'many' | 'one_back'
  readonly entity: string
  /** Fields of this entity and the target's fields they equal, pairwise. */
  readonly from: readonly string[]
  readonly to: readonly string[]
  /** The name of the foreign key, the same on both sides; a hint (`!name`) selects by it. */
  readonly key: string
  readonly onDelete: 'restrict' | 'cascade' | 'set_null'
}

/** Logical to physical names of one schema version in one store. Never derived by assumption: always read. */
export interface Mapping {
  /** The Postgres schema of the store. */
  readonly schema: string
  readonly entities: Readonly<Record<string, EntityMapping>>
}

export interface EntityMapping {
  readonly table: string
  readonly columns: Readonly<Record<string, string>>
  /** Physical constraint and unique index names, for telling an error's meaning. */
  readonly constraints: Readonly<Record<string, ConstraintMapping>>
}

export interface ConstraintMapping {
  readonly kind: 'key' | 'unique' | 'reference' | 'check'
  readonly fields: readonly string[]
  /** The target entity of a reference. */
  readonly entity?: string
}

/** The column that every table leads its keys with; a reserved field name, so no mapping can collide with it. */
export const TENANT_COLUMN = 'tenant_id'
