/** Refuses at the door what could only be answered late: too many requests under way, or a process that is behind with its work. */
import type { ArriveContext } from '@backsaas/core'
import { overloaded } from './fair-share.ts'

export interface SheddingOptions {
  /** Requests under way in this process at a time, those that wait included. Default: 2,000. */
  readonly underWay?: number
  /** How far the event loop may be behind. Default: 1,000; on Node alone. */
  readonly lagMs?: number
}

export interface LoadShedding {
  /** @throws `OVERLOADED` (503). */
  arrive(context: ArriveContext): void
}

const SAMPLE_MS = 200

export function createLoadShedding({ underWay = 2_000, lagMs = 1_000 }: SheddingOptions): LoadShedding {
  let count = 0
  const lag = lagOfLoop()
  return {
    arrive({ ended }) {
      if (count >= underWay) throw overloaded('too many requests are under way')
      if (lag() > lagMs) throw overloaded('the server is behind with its work')
      count += 1
      ended(() => {
        count -= 1
      })
    },
  }
}

/** Measured by a timer that should fire on time; begun with the first request, since Workers have no timers before. */
function lagOfLoop(): () => number {
  if (!(globalThis.navigator?.userAgent ?? '').startsWith('Node.js')) return () => 0
  let expectedAt: number | null = null
  let lag = 0
  const sample = (): void => {
    const now = performance.now()
    if (expectedAt !== null) lag = Math.max(0, now - expectedAt)
    expectedAt = now + SAMPLE_MS
    // Keeps no process alive.
    const timer: unknown = setTimeout(sample, SAMPLE_MS)
    if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
      timer.unref()
  }
  return () => {
    if (expectedAt === null) sample()
    return lag
  }
}
