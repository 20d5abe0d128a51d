/** What a feed is made of. */
import type { Database, Observe, Scope } from '@backsaas/core'
import type { Registry } from '../registry/registry.ts'

export interface FeedParts {
  readonly database: Database
  /** Outlives requests. */
  readonly scope: Scope
  readonly registry: Registry
  readonly observe: Observe | null
}
