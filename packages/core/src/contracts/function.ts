/**
 * A curated function: TypeScript that a schema names and configures and never contains.
 *
 * Its parameters are checked when a schema is published, so that at a request there is nothing left to check.
 */
import type { GenericSchema, InferOutput } from 'valibot'
import type { FieldType } from './field-type.ts'
import type { FunctionContext, FunctionRow } from './function-context.ts'
import type { Json } from './json.ts'
import type { Moment } from './moment.ts'

/**
 * What it does. `validate`: says what is wrong with a field's value. `transform`: makes another value of it. `compute`: makes the
 * value of a field, whatever the client gave. `hook`: works on the whole row, before the write or after it.
 */
export type FunctionKind = 'validate' | 'transform' | 'compute' | 'hook'

/** What of the context it may use: a `pure` one nothing that waits. Each includes `reads`, but `pure`. */
export type FunctionNeeds = 'pure' | 'reads' | 'writes' | 'network'

/** What is wrong with a value: `code` in lower_snake beside the field's pointer, `detail` completes "<field> …". */
export interface FunctionProblem {
  readonly code: string
  readonly detail: string
}

/** Of one call among many: as `row` and `old` of a context. */
export interface FunctionRows {
  readonly row: FunctionRow
  readonly old: FunctionRow | null
}

interface FunctionBase<P> {
  /** `group.name`, in lower_snake. */
  readonly name: string
  /** One sentence or two, for its page and for editors. */
  readonly description: string
  readonly needs: FunctionNeeds
  /** What `with:` may say: a strict object, each entry with a description. Its output must be JSON. */
  readonly params: GenericSchema<unknown, P>
  /** What a schema's `functions:` may say for all uses of it, and a tenant's `function_settings`. */
  readonly settings?: GenericSchema
  /** Whether `POST /rest/v1/rpc/{name}` may call it, for whom the schema's `functions:` lets. */
  readonly callable?: boolean
  /** The hosts that `context.http` may reach, by what is set for the function; `*` for every public one. None unless given. */
  hosts?(settings: Json): readonly string[] | '*'
  /** Whether it must see the row as it was before an update, which costs one more round trip. */
  readonly old?: boolean
  /** What about parameters depends on the entity that they are used on. */
  check?(params: P, place: FunctionPlace): readonly PlaceProblem[]
}

interface FieldFunction<P> extends FunctionBase<P> {
  /** Types of the fields that it takes; all unless given. A list is taken item by item where `items` says so. */
  readonly fields?: readonly FieldType[]
}

type Eventually<T> = T | Promise<T>

export interface ValidateFunction<P> extends FieldFunction<P> {
  readonly kind: 'validate'
  /** Called with a value that is there and not null. */
  run(context: FunctionContext, value: Json, params: P): Eventually<FunctionProblem | null>
  /** The same for many rows at once, for a function that asks the database. */
  runAll?(
    context: FunctionContext,
    values: readonly Json[],
    params: P,
    rows: readonly FunctionRows[],
  ): Eventually<readonly (FunctionProblem | null)[]>
}

export interface TransformFunction<P> extends FieldFunction<P> {
  readonly kind: 'transform'
  /** Called with a value that is there and not null. */
  run(context: FunctionContext, value: Json, params: P): Eventually<Json>
}

export interface ComputeFunction<P> extends FieldFunction<P> {
  readonly kind: 'compute'
  /** Called with what the client gave, null where it gave nothing; undefined leaves the field as it is. */
  run(context: FunctionContext, value: Json, params: P): Eventually<Json | undefined>
  runAll?(
    context: FunctionContext,
    values: readonly Json[],
    params: P,
    rows: readonly FunctionRows[],
  ): Eventually<readonly (Json | undefined)[]>
}

export interface HookFunction<P> extends FunctionBase<P> {
  readonly kind: 'hook'
  /** When it may be used. */
  readonly moments: readonly Moment[]
  /** Called with the row. Before a write: the fields to set, if any. After it: what is kept of the execution. */
  run(context: FunctionContext, row: FunctionRow, params: P): Eventually<FunctionRow | undefined>
}

// biome-ignore lint/suspicious/noExplicitAny: functions of any parameters stand in one list
export type FunctionDefinition<P = any> =
  | ValidateFunction<P>
  | TransformFunction<P>
  | ComputeFunction<P>
  | HookFunction<P>

/** Where a function is used. */
export interface FunctionPlace {
  readonly entity: string
  /** The field of `on`; null for a hook. */
  readonly field: string | null
  /** Of every entity its fields' names and types. */
  readonly entities: Readonly<Record<string, Readonly<Record<string, FieldType>>>>
}

export interface PlaceProblem {
  /** Inside the parameters. */
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly hint?: string
}

type DefinitionOf<P> = { [K in FunctionKind]: Extract<FunctionDefinition<P>, { kind: K }> }[FunctionKind]

const NAME = /^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?$/

/**
 * Gives a function its exact type, and freezes it.
 *
 * @throws TypeError where the name is none.
 * @example
 * export const vatNumber = defineFunction({
 *   name: 'acme.vat_number', kind: 'validate', needs: 'pure',
 *   description: 'Refuses what is no VAT number.',
 *   params: v.strictObject({ country: v.string() }),
 *   run: (_, value, { country }) => String(value).startsWith(country) ? null : { code: 'vat_number', detail: 'is no VAT number' },
 * })
 */
export function defineFunction<const S extends GenericSchema>(
  definition: DefinitionOf<InferOutput<S>> & { readonly params: S },
): FunctionDefinition {
  if (!NAME.test(definition.name)) throw new TypeError(`${JSON.stringify(definition.name)} names no function`)
  return Object.freeze(definition)
}
