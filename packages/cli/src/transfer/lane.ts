/** Several batches on the way at once, and no more than that. */

export interface Lane<T> {
  /** Starts `work` as soon as there is room; resolves when it has begun. */
  start(work: () => Promise<T>): Promise<void>
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
}

/**
 * A lane for `width` pieces of work. `done` is called with what each piece gives.
 *
 * The first failure is thrown by the next `start` or `idle`; what is under way is waited for by `idle`.
 *
 * @example const lane = createLane(4, (outcome) => count(outcome)); await lane.start(() => send(batch)); await lane.idle()
 */
export function createLane<T>(width: number, done: (value: T) => void): Lane<T> {
  const underWay = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | null = null
  const check = (): void => {
    if (failure) throw failure.error
  }
  return {
    async start(work) {
      while (underWay.size >= width) await Promise.race(underWay)
      check()
      const running: Promise<void> = work()
        .then(done)
        .catch((error: unknown) => {
          failure ??= { error }
        })
        .finally(() => underWay.delete(running))
      underWay.add(running)
    },
    async idle() {
      await Promise.all(underWay)
      check()
    },
  }
}
