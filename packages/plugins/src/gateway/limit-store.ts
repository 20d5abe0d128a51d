/** Where it is counted how much was asked. */

export interface Limit {
  /** Operations in each window. */
  readonly points: number
  readonly seconds: number
}

export interface Taken {
  readonly isAllowed: boolean
  readonly remaining: number
  /** Until the window ends. */
  readonly resetMs: number
}

export interface LimitStore {
  readonly name: string
  /** Counts `points` more under `key`, allowed or not. */
  take(key: string, points: number, limit: Limit, nowMs: number): Taken | Promise<Taken>
}

/** Counters that are kept; those that were made first go first, and their windows begin anew. */
const MAX_COUNTERS = 100_000

/** Counts in this process alone: the limits of a deployment are those of its processes together. */
export function memoryLimits(): LimitStore {
  const counters = new Map<string, { count: number; endsMs: number }>()
  return {
    name: 'memory',
    take(key, points, limit, nowMs) {
      let counter = counters.get(key)
      if (!counter || counter.endsMs <= nowMs) {
        counter = { count: 0, endsMs: nowMs + limit.seconds * 1000 }
        counters.delete(key)
        counters.set(key, counter)
        if (counters.size > MAX_COUNTERS) counters.delete(counters.keys().next().value as string) // not empty: one was just set
      }
      counter.count += points
      return taken(counter.count, limit, counter.endsMs - nowMs)
    },
  }
}

export function taken(count: number, { points }: Limit, resetMs: number): Taken {
  return { isAllowed: count <= points, remaining: Math.max(0, points - count), resetMs: Math.max(0, resetMs) }
}
