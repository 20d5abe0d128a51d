/** Where idle things wait for use, and are let go of when nobody came for long. */
export interface Shelf<T> {
  put(item: T): void
  /** What was put last, so that what is not needed stays untouched, and leaves. */
  take(): T | undefined
  /** Lets go of everything. */
  clear(): void
}

/** @example const shelf = createShelf<Lane>(30_000, (lane) => lane.close()) */
export function createShelf<T>(idleTimeoutMs: number, letGo: (item: T) => void): Shelf<T> {
  const items: { readonly item: T; readonly since: number }[] = []
  let sweeper: ReturnType<typeof setTimeout> | undefined

  function sweep(): void {
    const before = Date.now() - idleTimeoutMs
    const keep = items.findIndex(({ since }) => since > before)
    for (const { item } of items.splice(0, keep === -1 ? items.length : keep)) letGo(item)
    sweeper = items.length > 0 ? setTimeout(sweep, idleTimeoutMs) : undefined
  }

  return {
    put(item) {
      items.push({ item, since: Date.now() })
      sweeper ??= setTimeout(sweep, idleTimeoutMs)
    },
    take: () => items.pop()?.item,
    clear() {
      clearTimeout(sweeper)
      sweeper = undefined
      for (const { item } of items.splice(0)) letGo(item)
    },
  }
}
