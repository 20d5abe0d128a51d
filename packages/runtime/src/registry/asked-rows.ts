/** Rows of tenants' registries that stages and plugins ask for: kept like the rest of what is known of a tenant. */
import { type JsonObject, type Observe, WATCHED_ENTITIES } from '@backsaas/core'
import { type Access, createCachedLookup } from './cached-lookup.ts'

export type Rows = readonly JsonObject[]

export interface AskedRows {
  /** Without a promise where they are known. */
  get(tenantId: string, entity: string, query: string, access: Access): Rows | Promise<Rows>
  /** All that was asked of these tenants; of all where it is null. */
  forget(tenantIds: ReadonlySet<string> | null): void
  clear(): void
}

export interface AskedRowsOptions {
  load(access: Access, tenantId: string, entity: string, query: string): Promise<Rows>
  readonly covered: (nowMs: number) => boolean
  readonly observe: Observe | null
}

/** As of keys. What is not there is remembered for a shorter time than what is. */
const AGES = { freshMs: 5_000, maxAgeMs: 10_000, absentMs: 2_000, size: 20_000 } as const
const NONE: Rows = Object.freeze([])

export function createAskedRows({ load, covered, observe }: AskedRowsOptions): AskedRows {
  const options = {
    ...AGES,
    observe,
    async load(key: string, access: Access): Promise<Rows | null> {
      const [tenantId, entity, query] = key.split(' ') as [string, string, string] // as `get` puts it together
      const found = await load(access, tenantId, entity, query)
      return found.length === 0 ? null : found
    },
  }
  const watched = createCachedLookup<Rows | null>({ ...options, covered })
  // The change feed tells nothing of these.
  const unwatched = createCachedLookup<Rows | null>(options)
  return {
    get(tenantId, entity, query, access) {
      const lookup = Object.hasOwn(WATCHED_ENTITIES, entity) ? watched : unwatched
      const found = lookup.get(`${tenantId} ${entity} ${query}`, access)
      return found instanceof Promise ? found.then(orNone) : orNone(found)
    },
    forget(tenantIds) {
      if (tenantIds === null) watched.clear()
      else watched.forgetWhere((key) => tenantIds.has(key.slice(0, key.indexOf(' '))))
    },
    clear() {
      watched.clear()
      unwatched.clear()
    },
  }
}

function orNone(rows: Rows | null): Rows {
  return rows ?? NONE
}
