/** The memory of this process at its largest. */

export interface MemoryWatch {
  /** MiB. */
  stop(): { readonly heap: number; readonly rss: number }
}

const EVERY_MS = 250

/** Garbage that is not collected yet counts. */
export function watchMemory(): MemoryWatch {
  let [heap, rss] = [0, 0]
  const look = (): void => {
    const now = process.memoryUsage()
    heap = Math.max(heap, now.heapUsed)
    rss = Math.max(rss, now.rss)
  }
  const timer = setInterval(look, EVERY_MS)
  return {
    stop() {
      clearInterval(timer)
      look()
      return { heap: Math.round(heap / 2 ** 20), rss: Math.round(rss / 2 ** 20) }
    },
  }
}
