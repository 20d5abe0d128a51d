/** What a schema says of a function, with what a tenant says over it. */
import type { Json, JsonObject } from '../contracts/json.ts'

/**
 * Objects member by member, all else as a whole; `null` of the tenant's takes a member away.
 *
 * @example mergeSettings({ endpoints: { a: 1 } }, { endpoints: { b: 2 } }) // { endpoints: { a: 1, b: 2 } }
 */
export function mergeSettings(base: Json, over: Json): Json {
  if (!isObject(base) || !isObject(over)) return over
  const merged = new Map(Object.entries(base))
  for (const [key, value] of Object.entries(over)) {
    if (value === null) merged.delete(key)
    else merged.set(key, mergeSettings(merged.get(key) ?? null, value))
  }
  return Object.fromEntries(merged)
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
