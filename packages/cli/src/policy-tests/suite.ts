/** A file of policy tests with the schema that they are for. */
import type { CompiledSchema, FunctionDefinition, PolicyTest } from '@backsaas/core'

export interface Suite {
  /** As it was named; the schema's own file where the tests stand in the schema. */
  readonly file: string
  readonly schema: SchemaFile
  readonly tests: readonly PolicyTest[]
}

export interface SchemaFile {
  readonly file: string
  readonly text: string
  /** What it may name; none unless given. */
  readonly functions?: readonly FunctionDefinition[]
  readonly compiled: CompiledSchema
}
