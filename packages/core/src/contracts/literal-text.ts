/** JSON values in Postgres' text form. */
import type { CompiledField } from './compiled.ts'
import type { Json } from './json.ts'

/**
 * A JSON value in Postgres' text form for the field's type; null for SQL null.
 *
 * @example literalText({ name: 'tags', type: 'string', list: true, required: false, writable: true }, ['a']) // '{"a"}'
 */
export function literalText(field: CompiledField, value: Json): string | null {
  if (value === null) return null
  if (field.list && Array.isArray(value)) return arrayText(value.map((item) => scalarText(field, item)))
  return scalarText(field, value)
}

function scalarText(field: CompiledField, value: Json): string | null {
  if (field.type === 'json') return JSON.stringify(value)
  if (value === null) return null
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** An array literal, `{"a","b"}`: every item quoted, so that none can be read as NULL or as a delimiter. */
export function arrayText(items: readonly (string | null)[]): string {
  const quoted = items.map((item) =>
    item === null ? 'NULL' : `"${item.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
  )
  return `{${quoted.join(',')}}`
}
