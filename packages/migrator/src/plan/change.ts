/** One difference between two versions of a schema, as data. */
import type { Json } from '@backsaas/core'

/** A JSON Patch (RFC 6902) on the later document. */
export interface Patch {
  readonly op: 'add'
  readonly path: string
  readonly value: string | readonly string[]
}

/** One reading of a change that has several. */
export interface Choice {
  readonly id: 'rename' | 'remove'
  readonly title: string
  /** What says so in the document. */
  readonly patch: readonly Patch[]
}

export interface Change {
  /** What it is, UPPER_SNAKE. */
  readonly type: string
  /** `compatible`: applied at once, both versions serve. `breaking`: needs a migration. */
  readonly class: 'compatible' | 'breaking'
  /** Whether data is lost for good once it is done. */
  readonly destructive: boolean
  /** JSON pointer into the later document, or into the earlier one where the part is gone. */
  readonly pointer: string
  readonly message: string
  readonly entity?: string
  readonly field?: string
  /** Of an index or a unique set. */
  readonly fields?: readonly string[]
  /** Where the document can be read in several ways: nothing is guessed, and one has to be chosen. */
  readonly choices?: readonly Choice[]
}

/** Where a change is, and what it is about. */
export interface Place {
  readonly pointer: string
  readonly entity?: string
  readonly field?: string
}

/** Changes as JSON, for answers and events. */
export function changesJson(changes: readonly Change[]): Json {
  // Plain data, made of nothing else.
  return JSON.parse(JSON.stringify(changes)) as Json
}

export function compatible(place: Place, type: string, message: string): Change {
  return { type, class: 'compatible', destructive: false, ...place, message }
}

export function breaking(place: Place, type: string, message: string): Change {
  return { type, class: 'breaking', destructive: false, ...place, message }
}

export function destructive(place: Place, type: string, message: string): Change {
  return { type, class: 'breaking', destructive: true, ...place, message }
}

/** Equality of plain data; the order of an object's properties does not count. */
export function same(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b)
}

function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, v: unknown) =>
      typeof v === 'object' && v !== null && !Array.isArray(v)
        ? Object.fromEntries(Object.entries(v).toSorted(([x], [y]) => (x < y ? -1 : 1)))
        : v,
    ) ?? ''
  )
}
