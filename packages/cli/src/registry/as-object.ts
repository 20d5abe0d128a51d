/** Members of what may be no object. */
import type { Json, JsonObject } from '@backsaas/core'

/** An empty one in place of anything else. */
export function asObject(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {} // an object, seen here
}
