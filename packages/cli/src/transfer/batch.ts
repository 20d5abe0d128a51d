/** Rows that go to the server together: of one entity, setting the same fields, in one form. */
import type { ValueForm, Values } from './source-row.ts'

/** A row on its way: its values by field, and where it came from. */
export interface PendingRow {
  readonly entity: string
  readonly values: Values
  readonly form: ValueForm
  readonly origin: Origin
}

export interface Origin {
  readonly file: string
  readonly source: string
  readonly row: number
}

export type Batch = readonly PendingRow[]

export interface BatchLimits {
  readonly rows: number
  readonly bytes: number
}

interface Group {
  readonly rows: PendingRow[]
  bytes: number
}

export interface Batcher {
  /** Takes a row; answers a batch when one is full. */
  add(row: PendingRow): Batch | null
  /** What is left, in the order in which the batches were begun. */
  flush(): readonly Batch[]
  /** The rows that are held back. */
  held(): Iterable<PendingRow>
}

/** Rows with other fields than those before them are held back separately; this many kinds at most. */
const GROUPS_MAX = 16

/**
 * Groups rows by the fields they set, so that a row never sets a field that it does not have.
 *
 * @example const full = batcher.add(row); if (full) await send(full)
 */
export function createBatcher(limits: BatchLimits): Batcher {
  const groups = new Map<string, Group>()
  return {
    add(row) {
      const name = `${row.entity} ${row.form} ${Object.keys(row.values).join()}`
      const group = groups.get(name) ?? { rows: [], bytes: 0 }
      const bytes = sizeOf(row.values)
      if (group.rows.length > 0 && group.bytes + bytes > limits.bytes) {
        groups.set(name, { rows: [row], bytes })
        return group.rows
      }
      group.rows.push(row)
      group.bytes += bytes
      groups.set(name, group)
      if (group.rows.length >= limits.rows) return take(groups, name)
      const [eldest] = groups.keys()
      return groups.size > GROUPS_MAX && eldest !== undefined ? take(groups, eldest) : null
    },
    flush() {
      const batches = [...groups.values()].map((group) => group.rows)
      groups.clear()
      return batches
    },
    *held() {
      for (const group of groups.values()) yield* group.rows
    },
  }
}

function take(groups: Map<string, Group>, name: string): Batch {
  const batch = groups.get(name)?.rows ?? []
  groups.delete(name)
  return batch
}

/** An upper bound, near enough: a character is three bytes of UTF-8 at most (four for two). */
function sizeOf(values: Values): number {
  let size = 2
  for (const [name, value] of Object.entries(values)) {
    size += name.length + 6
    if (typeof value === 'string') size += value.length * 3
    else size += typeof value === 'object' && value !== null ? JSON.stringify(value).length * 3 : 24
  }
  return size
}
