/** Counts the requests inside, and lets no new one in once the runtime is closing. */
import { runtimeError } from '../errors/error-catalogue.ts'
import { withinTime } from './within-time.ts'

export interface Gate {
  /** @throws `CLOSING` (503) once closed, but for what the process asks of itself while it drains. */
  enter(inProcess: boolean): void
  leave(): void
  /** Closes, and waits until nobody is inside or the time is over; answers how many are left. */
  close(drainMs: number): Promise<number>
}

export function createGate(): Gate {
  let inside = 0
  let closed = false
  let emptied: (() => void) | null = null
  return {
    enter(inProcess) {
      if (closed && !(inProcess && inside > 0))
        throw runtimeError('CLOSING', 'the server is shutting down', {
          hint: 'Send the request again: another server takes it.',
          headers: { 'retry-after': '1', connection: 'close' },
        })
      inside += 1
    },
    leave() {
      inside -= 1
      if (inside === 0) emptied?.()
    },
    async close(drainMs) {
      closed = true
      if (inside === 0) return 0
      const { promise: drained, resolve } = Promise.withResolvers<void>()
      emptied = resolve
      await withinTime(drained, drainMs)
      return inside
    },
  }
}
