/** What is known of a type of event: when it happens, what it is about, and the shape of what it tells. */
import * as v from 'valibot'
import type { JsonObject } from '../contracts/json.ts'

export interface EventDefinition<D> {
  /** When it happens, in a sentence. */
  readonly description: string
  /** The `subject` of the envelope. */
  readonly subject: string
  /** The `tenantid` of the envelope: whose event it is, and who may read it. */
  readonly tenant: string
  readonly data: v.GenericSchema<D>
}

export const name: v.GenericSchema<string> = v.pipe(v.string(), v.minLength(1))
export const uuid: v.GenericSchema<string> = v.pipe(v.string(), v.uuid())
export const version: v.GenericSchema<number> = v.pipe(v.number(), v.integer(), v.minValue(1))
export const count: v.GenericSchema<number> = v.pipe(v.number(), v.integer(), v.minValue(0))
/** Not looked into: whoever makes it answers for it. */
export const object: v.GenericSchema<JsonObject> = v.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
)
