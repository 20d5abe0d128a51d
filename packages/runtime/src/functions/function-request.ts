/** What a function of the runtime is given, and what it is. */
import type { Json } from '@backsaas/core'
import type { Holder } from '../access/create-access.ts'
import type { BoundSchema } from '../binding/bound-schema.ts'
import type { DataRequest } from '../stages/data-request.ts'

/** A call of a function by an identified caller; `schema` is the caller's view of the profile that was asked. */
export interface FunctionRequest extends Omit<DataRequest, 'entity' | 'itemKey'> {
  /** The schema before any rules. */
  readonly open: BoundSchema
  /** The schema as who has these roles and scopes knows it. */
  viewOf(holder: Holder): BoundSchema | Promise<BoundSchema>
}

export interface FunctionAnswer {
  readonly status: number
  /** By lower-case name, beside those that every answer has. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body: Json
}

/**
 * Reads its arguments from the request's body.
 *
 * @throws the client-facing `BackSaasError` of what it refuses; `STALE_SCHEMA` where it is to be called once more.
 */
export type BuiltInFunction = (request: FunctionRequest) => Promise<FunctionAnswer>
