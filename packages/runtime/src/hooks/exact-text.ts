/** The text of rows that hooks have changed, with every number of the other fields as it was written. */
import type { FunctionRow, Input } from '@backsaas/core'

/** Numbers that JavaScript may not keep: many digits, or an exponent; where a value stands, and not inside a text. */
const LONG_NUMBER = /[:,[]\s*-?(?:[\d.]{16}|[\d.]+[eE])/

/** Null where `JSON.stringify` of the rows loses nothing. */
export function exactText({ text }: Input, rows: readonly FunctionRow[], given: readonly FunctionRow[]): string | null {
  if (text === undefined || !LONG_NUMBER.test(text)) return null
  const parsed: unknown = JSON.parse(text, keepDigits)
  // The text was parsed to objects when the body was read.
  const written = (Array.isArray(parsed) ? parsed : rows.map(() => parsed)) as readonly object[]
  const exact = rows.map((row, place) => {
    const before = given[place] ?? {}
    const changed = Object.entries(row).filter(([field, value]) => before[field] !== value)
    return { ...written[place], ...Object.fromEntries(changed) }
  })
  return JSON.stringify(Array.isArray(parsed) || rows.length !== 1 ? exact : exact[0])
}

/** What engines of today have beside the standard library's types. */
interface ExactJson {
  rawJSON(text: string): unknown
}

function keepDigits(this: unknown, _key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined || String(value) === context.source) return value
  return (JSON as unknown as ExactJson).rawJSON(context.source)
}
