/** The rows of a write while hooks work on them: each is copied when it is first changed, the body's text kept while none is. */
import type { CompiledEntity, FunctionRow, Input, Json } from '@backsaas/core'
import { exactText } from './exact-text.ts'

export interface HookedRows {
  readonly entity: CompiledEntity
  /** As they are to be written, by their place. */
  readonly rows: readonly FunctionRow[]
  /** What the client gave, by the same place. */
  readonly given: readonly FunctionRow[]
  /** What they were, by the same place; null where nobody asked. */
  readonly old: readonly FunctionRow[] | null
  /** The field's value, from the client or an earlier hook; undefined where neither gave one. */
  value(place: number, field: string): Json | undefined
  set(place: number, field: string, value: Json): void
  /** The row so far: over what it was, where that is known. */
  whole(place: number): FunctionRow
  /** What the write becomes. */
  toInput(): Input
}

/** @param old where given, the one row of an update is asked for each of them. */
export function hookRows(entity: CompiledEntity, input: Input, old: readonly FunctionRow[] | null): HookedRows {
  // What was parsed from JSON is JSON.
  const given = (old ? old.map(() => input.rows[0] ?? {}) : input.rows) as readonly FunctionRow[]
  const rows: Record<string, Json>[] = [...given]
  const own: boolean[] = []
  const columns = new Set(input.columns)
  const added = new Set<string>()
  let isChanged = false

  return {
    entity,
    rows,
    given,
    old,
    value(place, field) {
      const row = rows[place]
      return row && columns.has(field) && Object.hasOwn(row, field) ? row[field] : undefined
    },
    set(place, field, value) {
      const row = rows[place] ?? {}
      if (columns.has(field) && row[field] === value) return
      isChanged = true
      // Copied once, so that what was given is still known.
      if (own[place]) row[field] = value
      else rows[place] = { ...row, [field]: value }
      own[place] = true
      if (columns.has(field)) return
      columns.add(field)
      added.add(field)
    },
    whole: (place) => (old ? { ...old[place], ...rows[place] } : (rows[place] ?? {})),
    toInput() {
      if (!isChanged) return input
      const { text: _, ...rest } = input
      const filled = fill({ entity, input, rows, old, columns: [...columns], added: [...added] })
      const text = exactText(input, filled.rows, given)
      const made = added.size > 0 ? { added: [...added] } : {}
      return { ...rest, ...filled, columns: [...columns], ...made, ...(text !== null && { text }) }
    },
  }
}

interface Changed {
  readonly entity: CompiledEntity
  readonly input: Input
  readonly rows: readonly FunctionRow[]
  readonly old: readonly FunctionRow[] | null
  readonly columns: readonly string[]
  readonly added: readonly string[]
}

interface Filled {
  readonly rows: readonly FunctionRow[]
  readonly missing: Input['missing']
}

/** A field that a hook has set for some rows is for the others what it would have been without the hook. */
function fill({ entity, input, rows, old, columns, added }: Changed): Filled {
  const { missing } = input
  if (!added.some((field) => rows.some((row) => !Object.hasOwn(row, field)))) return { rows, missing }
  if (old) return { rows: rows.map((row, place) => ({ ...pick(old[place] ?? {}, added), ...row })), missing }
  if (missing === 'default' || !added.some((field) => entity.fields[field]?.default)) return { rows, missing }
  const before = columns.filter((field) => !added.includes(field))
  const nulls = Object.fromEntries(before.map((field) => [field, null]))
  return { rows: rows.map((row) => ({ ...nulls, ...row })), missing: 'default' }
}

function pick(row: FunctionRow, fields: readonly string[]): FunctionRow {
  return Object.fromEntries(fields.map((field) => [field, row[field] ?? null]))
}
