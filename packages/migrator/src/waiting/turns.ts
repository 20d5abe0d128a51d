/** Pieces of many works, a few at once: each waits for its turn, in the order in which they ask, so that none has to wait for all of another. */
export type TakeTurn = <T>(piece: () => Promise<T>) => Promise<T>

/**
 * @param width pieces at once.
 * @example
 * const turn = createTurns(4)
 * for (const chunk of chunks) await turn(() => move(chunk))
 */
export function createTurns(width: number): TakeTurn {
  let free = width
  const waiting: (() => void)[] = []
  return async (piece) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await piece()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free += 1
    }
  }
}
