/** How long work of one kind has taken lately. */
export interface Durations {
  /** Whether work of this kind has been seen, and took little time. */
  isQuick(kind: string): boolean
  note(kind: string, milliseconds: number): void
}

/** Longer than that, and those that wait behind it notice. */
const QUICK_MS = 5
/** How much the last one counts. */
const WEIGHT = 0.1
const MAX_KINDS = 2_000

/** An exponentially weighted average per kind; of very many kinds, the oldest are forgotten. */
export function createDurations(): Durations {
  const averages = new Map<string, { ms: number }>()
  return {
    isQuick: (kind) => (averages.get(kind)?.ms ?? Number.POSITIVE_INFINITY) < QUICK_MS,
    note(kind, milliseconds) {
      const known = averages.get(kind)
      if (known) {
        known.ms += (milliseconds - known.ms) * WEIGHT
        return
      }
      averages.set(kind, { ms: milliseconds })
      if (averages.size > MAX_KINDS) averages.delete(averages.keys().next().value ?? '')
    },
  }
}
