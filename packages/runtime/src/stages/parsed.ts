/** What `parse` takes and makes. */
import type { CompiledEntity, CompiledSchema, Operation } from '@backsaas/core'
import type { Media } from '../dialect/media.ts'
import type { Preferences } from '../dialect/preferences.ts'
import type { Precondition } from '../dialect/read-precondition.ts'
import type { SplitQuery } from '../dialect/split-query.ts'
import type { Limits } from '../http/limits.ts'

export interface ParseInput {
  readonly method: string
  readonly headers: Headers
  /** What follows `?` in the URL, as it was sent. */
  readonly query: string
  /** The body's text; '' where there is none. */
  readonly body: string
  readonly entity: string
  /** As it stands in the URL, not yet decoded. */
  readonly itemKey: string | null
  readonly schema: CompiledSchema
  /** What the body may name, where that is not what the rest of the request may. */
  readonly inputs?: Readonly<Record<'create' | 'update', CompiledEntity>>
  readonly limits: Limits
}

export interface Parsed {
  readonly operation: Operation
  readonly entity: CompiledEntity
  readonly preferences: Preferences
  readonly media: Media
  /** The first row asked for, for `Content-Range`. */
  readonly offset: number
}

/** All of a request but the body. */
export interface Head extends Parsed {
  readonly split: SplitQuery
  readonly itemKey: readonly string[] | null
  readonly precondition: Precondition | null
}
