/** Rows that go to the server together: of one entity, setting the same fields, in one form. */
import type { ValueForm, Values } from './source-row.ts'

/** A row on its way: its values by field, and where it came from. */
export interface PendingRow {
  readonly entity: string
  /** Its key as one text; null where the database makes it, and the row is always a new one. */
  readonly key: string | null
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
  /** Takes a row; answers the batches that go now: one that holds the same key already, and one that is full. */
  add(row: PendingRow): readonly Batch[]
  /** What is left, in the order in which the batches were begun. */
  flush(): readonly Batch[]
  /** The rows that are held back. */
  held(): Iterable<PendingRow>
}

/** Rows with other fields than those before them are held back separately; this many kinds at most. */
const GROUPS_MAX = 16

/**
 * Groups rows by the fields they set, so that a row never sets a field that it does not have. A key is held once: a
 * later row of the same key goes after the earlier one.
 *
 * @example const full = batcher.add(row); if (full) await send(full)
 */
export function createBatcher(limits: BatchLimits): Batcher {
  const groups = new Map<string, Group>()
  /** Key → the group that holds its row. */
  const holders = new Map<string, string>()
  const take = (name: string): Batch[] => {
    const batch = groups.get(name)?.rows ?? []
    groups.delete(name)
    for (const row of batch) holders.delete(placeOf(row) ?? '')
    return batch.length > 0 ? [batch] : []
  }
  return {
    add(row) {
      const name = `${row.entity} ${row.form} ${Object.keys(row.values).join()}`
      const place = placeOf(row)
      const bytes = sizeOf(row.values)
      const earlier = place === null ? undefined : holders.get(place)
      const before = earlier === undefined ? [] : take(earlier)
      const isFull = (groups.get(name)?.bytes ?? 0) + bytes > limits.bytes
      if (isFull) before.push(...take(name))
      const group = groups.get(name) ?? { rows: [], bytes: 0 }
      group.rows.push(row)
      group.bytes += bytes
      groups.set(name, group)
      if (place !== null) holders.set(place, name)
      if (group.rows.length >= limits.rows) return [...before, ...take(name)]
      const [eldest] = groups.keys()
      return groups.size > GROUPS_MAX && eldest !== undefined ? [...before, ...take(eldest)] : before
    },
    flush() {
      return [...groups.keys()].flatMap(take)
    },
    *held() {
      for (const group of groups.values()) yield* group.rows
    },
  }
}

/** The row that this one is, among those of all entities; null where it is a new one. */
function placeOf({ entity, key }: PendingRow): string | null {
  return key === null ? null : `${entity} ${key}`
}

/** What two batches must not share while both are under way; rows without key share the one name that they have. */
export function claimsOf(batch: Batch): ReadonlySet<string> {
  return new Set(batch.map((row) => placeOf(row) ?? `${row.entity} new`))
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
