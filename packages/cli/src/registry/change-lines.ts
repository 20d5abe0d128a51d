/** Changes between two versions, as lines for people. */
import type { Json } from '@backsaas/core'

/** @param changes as `diff_schema` and `diffSchemas` answer them. */
export function changeLines(changes: Json): readonly string[] {
  if (!Array.isArray(changes)) return []
  return changes.map((change: Json) => {
    const { class: kind, type: code, pointer, message } = change as Readonly<Record<string, Json>> // by the caller's word
    return `  ${String(kind).padEnd(11)}  ${code}  ${message}  (${pointer})`
  })
}
