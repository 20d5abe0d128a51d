/**
 * A cache that answers from memory while the change feed covers it; without a feed while young, renews itself behind the
 * answer when older, and forgets in time.
 */
import type { Connection, Observe, Scope } from '@backsaas/core'
import { boundedMap } from '../binding/bounded-map.ts'

/** What a look-up may use: the request's connection, and its scope for work that outlives it. */
export interface Access {
  readonly scope: Scope
  readonly connection: Connection
}

export interface LookupOptions<V> {
  load(key: string, access: Access): Promise<V>
  /** Up to this age an answer is given as it is. */
  readonly freshMs: number
  /** Up to this age it is given and renewed behind; after it, the caller waits. */
  readonly maxAgeMs: number
  /** How long it is remembered that there is nothing (`null`). */
  readonly absentMs: number
  readonly size: number
  /** Whether all that changes is told, and nothing needs to be renewed for its age. Default: never. */
  readonly covered?: (nowMs: number) => boolean
  readonly observe: Observe | null
}

export interface CachedLookup<V> {
  /** From memory without a promise, where that can be. */
  get(key: string, access: Access): V | Promise<V>
  /** A newer answer than `used`, which turned out to be stale; what others have renewed meanwhile is taken. */
  refresh(key: string, used: V, access: Access): V | Promise<V>
  /** The next caller waits for a new answer. */
  forget(key: string): void
  /** The same for all that fit; `value` is undefined for what is still being loaded. */
  forgetWhere(fits: (key: string, value: V | undefined) => boolean): void
  clear(): void
  /** What is held, however old. */
  values(): V[]
}

interface Entry<V> {
  readonly value: V
  readonly loadedAt: number
}

/**
 * @example
 * const tenants = createCachedLookup({ load: loadTenant, freshMs: 5000, maxAgeMs: 15000, absentMs: 2000, size: 10000, observe })
 * const tenant = await tenants.get('slug:acme', { scope, connection })
 */
export function createCachedLookup<V>(options: LookupOptions<V>): CachedLookup<V> {
  let entries = boundedMap<Entry<V>>(options.size)
  const flights = new Map<string, Promise<V>>()
  const refreshes = new WeakSet<Promise<V>>()
  const { covered = () => false } = options

  /** One load per key at a time; its answer is kept unless the key was forgotten meanwhile. */
  function load(key: string, access: Access): Promise<V> {
    const flight = flights.get(key) ?? start(key, access)
    // Others may wait for the same flight: it must end even where the request that began it is gone.
    access.scope.waitUntil(flight.catch(() => undefined))
    return flight
  }

  function start(key: string, access: Access): Promise<V> {
    const startedAt = access.scope.now()
    const flight: Promise<V> = options.load(key, access).then(
      (value) => {
        if (flights.get(key) === flight) {
          flights.delete(key)
          entries.set(key, { value, loadedAt: startedAt })
        }
        return value
      },
      (error: unknown) => {
        if (flights.get(key) === flight) flights.delete(key)
        throw error
      },
    )
    flights.set(key, flight)
    return flight
  }

  /** The old answer holds until its age is over: a failed renewal is told, not thrown. */
  function renew(key: string, access: Access): void {
    if (flights.has(key)) return
    load(key, access).catch((error: unknown) => options.observe?.({ kind: 'error', code: 'REFRESH_FAILED', error }))
  }

  return {
    get(key, access) {
      const entry = entries.get(key)
      if (entry) {
        const now = access.scope.now()
        if (covered(now)) return entry.value
        // One of the future was loaded before the clock was set back: how old it is, nobody knows.
        const age = now < entry.loadedAt ? Infinity : now - entry.loadedAt
        if (entry.value === null ? age < options.absentMs : age < options.freshMs) return entry.value
        if (entry.value !== null && age < options.maxAgeMs) {
          renew(key, access)
          return entry.value
        }
      }
      return load(key, access)
    },
    refresh(key, used, access) {
      const entry = entries.get(key)
      if (entry && entry.value !== used) return entry.value
      entries.delete(key)
      const running = flights.get(key)
      // A load that began before the staleness was seen may bring the same again.
      if (running && !refreshes.has(running)) flights.delete(key)
      const flight = load(key, access)
      refreshes.add(flight)
      return flight
    },
    forget(key) {
      entries.delete(key)
      flights.delete(key)
    },
    forgetWhere(fits) {
      for (const [key, { value }] of entries.entries()) if (fits(key, value)) entries.delete(key)
      for (const key of flights.keys()) if (fits(key, undefined)) flights.delete(key)
    },
    clear() {
      entries = boundedMap<Entry<V>>(options.size)
      flights.clear()
    },
    values: () => Array.from(entries.entries(), ([, { value }]) => value),
  }
}
