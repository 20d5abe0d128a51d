/** Whether two values of a field are one and the same, however they are written. */
import type { CompiledField, Json } from '@backsaas/core'
import { ExpressionError, expressionType, fromJson } from '@backsaas/core/expression'

/** @example sameValue(price, 1.5, '1.50') // true */
export function sameValue(field: CompiledField, a: Json, b: Json): boolean {
  if (a === b) return true
  if (a === null || b === null) return false
  return normal(field, a) === normal(field, b)
}

function normal(field: CompiledField, value: Json): string {
  try {
    return written(fromJson(expressionType(field), value))
  } catch (error) {
    // What is no value of its type is for the validation to tell.
    if (error instanceof ExpressionError) return written(value)
    throw error
  }
}

/** With the members of objects in order. */
function written(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return String(part)
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
}
