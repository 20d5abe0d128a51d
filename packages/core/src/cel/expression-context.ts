/** What surrounds an expression: the entities it may name, and what its use allows. */
import type { ExpressionType } from '../contracts/expression.ts'
import type { FieldType } from '../contracts/field-type.ts'

/** What an expression is for, which decides on what it may name. */
export type ExpressionUse =
  | 'row_rule'
  | 'check'
  | 'computed'
  | 'stored'
  | 'default'
  | 'condition'
  | 'condition_after'
  | 'cohort'
  | 'conversion'
  | 'fill'

/** A `CompiledField` is one. */
export interface ContextField {
  readonly type: FieldType
  readonly list: boolean
  readonly values?: readonly string[]
  readonly computed?: { readonly stored: boolean }
}

/** A `CompiledRelation` is one. */
export interface ContextRelation {
  readonly kind: 'one' | 'many' | 'one_back'
  readonly entity: string
}

export interface ContextEntity {
  readonly fields: Readonly<Record<string, ContextField>>
  readonly relations: Readonly<Record<string, ContextRelation>>
}

export interface ExpressionContext {
  readonly entities: Readonly<Record<string, ContextEntity>>
  /** Whose row it is about; null where there is none. */
  readonly entity: string | null
  readonly use: ExpressionUse
  /** What it must come to; whatever it comes to unless given. */
  readonly expects?: ExpressionType
  /** Of an enum that it must come to. */
  readonly values?: readonly string[]
}

/** What may be named, beside literals and functions. */
export interface Allowed {
  /** How messages call the use. */
  readonly name: string
  readonly row: boolean
  readonly related: boolean
  readonly members: boolean
  readonly caller: boolean
  readonly now: boolean
  readonly input: boolean
  readonly changed: boolean
  readonly matches: boolean
}

const NOTHING = {
  ...{ row: false, related: false, members: false, caller: false },
  ...{ now: false, input: false, changed: false, matches: false },
}
const RULE = { ...NOTHING, row: true, related: true, members: true, caller: true, now: true }

export const ALLOWED: Readonly<Record<ExpressionUse, Allowed>> = {
  row_rule: { ...RULE, name: 'a row rule' },
  check: { ...RULE, name: 'a check', input: true },
  computed: { ...NOTHING, name: 'a computed field', row: true, related: true, now: true },
  stored: { ...NOTHING, name: 'a stored computed field', row: true },
  default: { ...NOTHING, name: 'a default', caller: true, now: true },
  condition: {
    ...{ ...NOTHING, name: 'a condition', row: true, caller: true, now: true },
    ...{ input: true, changed: true, matches: true },
  },
  // Asked in SQL, in the write's own statement.
  condition_after: {
    ...{ ...NOTHING, name: 'a condition', row: true, caller: true, now: true },
    ...{ input: true, changed: true },
  },
  cohort: { ...NOTHING, name: 'a cohort', row: true, matches: true },
  conversion: { ...NOTHING, name: 'a conversion', row: true },
  fill: { ...NOTHING, name: 'a `fill`', row: true, now: true },
}
