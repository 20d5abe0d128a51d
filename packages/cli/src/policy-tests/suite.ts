/** A file of policy tests with the schema that they are for. */
import type { CompiledSchema, FunctionDefinition, PolicyTest } from '@backsaas/core'
import type { PlacedCase } from '@backsaas/core/language'

export interface Suite {
  /** As it was named; the schema's own file where the tests stand in the schema. */
  readonly file: string
  readonly schema: SchemaFile
  readonly tests: readonly PolicyTest[]
  /** Cases of functions; none unless given. */
  readonly cases?: readonly PlacedCase[]
}

export interface SchemaFile {
  readonly file: string
  readonly text: string
  /** What it may name; none unless given. */
  readonly functions?: readonly FunctionDefinition[]
  readonly compiled: CompiledSchema
}
