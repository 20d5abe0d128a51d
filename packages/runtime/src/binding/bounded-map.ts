/** A map that forgets what was used longest ago. */
export interface BoundedMap<V> {
  get(key: string): V | undefined
  set(key: string, value: V): void
  delete(key: string): void
  /** What is held, in no order that means anything; entries may be deleted on the way. */
  entries(): IterableIterator<[string, V]>
  readonly size: number
}

/** Least recently used out first, by the insertion order that a Map keeps. */
export function boundedMap<V>(max: number): BoundedMap<V> {
  const map = new Map<string, V>()
  return {
    get(key) {
      const value = map.get(key)
      // Moving on every read costs more than it gains until the map is half full.
      if (value !== undefined && map.size > max / 2) {
        map.delete(key)
        map.set(key, value)
      }
      return value
    },
    set(key, value) {
      map.delete(key)
      map.set(key, value)
      if (map.size > max) map.delete(map.keys().next().value as string) // not empty: one was just set
    },
    delete: (key) => void map.delete(key),
    entries: () => map.entries(),
    get size() {
      return map.size
    },
  }
}
