/** Several batches on the way at once, no more than that, and no two that write the same row. */

export interface Lane<T> {
  /** Starts `work` as soon as there is room and nothing under way shares a claim; resolves when it has begun. */
  start(claims: ReadonlySet<string>, work: () => Promise<T>): Promise<void>
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
}

/**
 * A lane for `width` pieces of work. `done` is called with what each piece gives.
 *
 * The first failure is thrown by the next `start` or `idle`; what is under way is waited for by `idle`.
 *
 * @example const lane = createLane(4, (outcome) => count(outcome)); await lane.start(claimsOf(batch), () => send(batch)); await lane.idle()
 */
export function createLane<T>(width: number, done: (value: T) => void): Lane<T> {
  const underWay = new Map<Promise<void>, ReadonlySet<string>>()
  let failure: { readonly error: unknown } | null = null
  const check = (): void => {
    if (failure) throw failure.error
  }
  return {
    async start(claims, work) {
      const mustWait = (): boolean =>
        underWay.size >= width ||
        [...underWay.values()].some((others) => [...claims].some((claim) => others.has(claim)))
      while (mustWait()) await Promise.race(underWay.keys())
      check()
      const running: Promise<void> = work()
        .then(done)
        .catch((error: unknown) => {
          failure ??= { error }
        })
        .finally(() => underWay.delete(running))
      underWay.set(running, claims)
    },
    async idle() {
      await Promise.all(underWay.keys())
      check()
    },
  }
}
