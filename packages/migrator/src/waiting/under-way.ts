/** Work that may outlast the look that began it: one piece of each name, which goes on while others are looked at. */

export interface UnderWay<T> {
  /**
   * Begins the work of that name, unless it is under way, and waits a while for it.
   *
   * @returns what it came to; null where it goes on: whoever asks next under that name is told then.
   * @throws what the work throws.
   */
  within(name: string, patienceMs: number, begin: () => Promise<T>): Promise<T | null>
  has(name: string): boolean
  /** Nobody asks for it any more, under any name that begins so; what is under way goes on to its end. */
  forget(beginning: string): void
  /** Waits for all that is under way, what was forgotten too. */
  end(): Promise<void>
}

/**
 * @example
 * const underWay = createUnderWay<number>()
 * const rows = await underWay.within('count', 1_000, countRows) // null: it takes longer
 */
export function createUnderWay<T>(): UnderWay<T> {
  const named = new Map<string, Promise<T>>()
  const all = new Set<Promise<unknown>>()

  function start(name: string, begin: () => Promise<T>): Promise<T> {
    const work = begin()
    named.set(name, work)
    const ended = work.then(
      () => undefined,
      () => undefined, // told to who asks
    )
    all.add(ended)
    void ended.then(() => all.delete(ended))
    return work
  }

  return {
    async within(name, patienceMs, begin) {
      const work = named.get(name) ?? start(name, begin)
      let timer: ReturnType<typeof setTimeout> | undefined
      const late = new Promise<null>((resolve) => {
        timer = setTimeout(resolve, patienceMs, null)
      })
      let isLate = false
      try {
        const value = await Promise.race([work, late])
        isLate = value === null
        return value
      } finally {
        clearTimeout(timer)
        if (!isLate && named.get(name) === work) named.delete(name)
      }
    },
    has: (name) => named.has(name),
    forget(beginning) {
      for (const name of named.keys()) if (name.startsWith(beginning)) named.delete(name)
    },
    async end() {
      await Promise.all(all)
    },
  }
}
