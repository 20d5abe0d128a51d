/** The streams that are open in this process: counted by tenant, woken when something happens, ended together. */
import { runtimeError } from '../errors/error-catalogue.ts'

/** One open stream. */
export interface Listener {
  /** There may be something to read. */
  wake(): void
  end(): void
}

export interface StreamHub {
  /**
   * @returns takes it away again.
   * @throws `STREAMS_TOO_MANY` (429); `CLOSING` (503) once closed.
   */
  add(tenantId: string, listener: Listener): () => void
  /** An event of that tenant was heard. */
  hear(tenantId: string): void
  /** Whether what happens is heard of: something was, or a bus was given for it. */
  pushes(): boolean
  /** Ends all streams; no more are opened. */
  close(): void
}

/** @param pushes whether a bus that pushes is known to be fed. */
export function createStreamHub(maxPerTenant: number, pushes: boolean): StreamHub {
  const tenants = new Map<string, Set<Listener>>()
  let heard = pushes
  let closed = false
  return {
    add(tenantId, listener) {
      if (closed) throw runtimeError('CLOSING', 'the server is shutting down', { headers: { 'retry-after': '1' } })
      const listeners = tenants.get(tenantId) ?? new Set<Listener>()
      if (listeners.size >= maxPerTenant)
        throw runtimeError('STREAMS_TOO_MANY', `the tenant has ${maxPerTenant} event streams open here`, {
          hint: 'Close some, or share one.',
          headers: { 'retry-after': '10' },
        })
      tenants.set(tenantId, listeners.add(listener))
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0 && tenants.get(tenantId) === listeners) tenants.delete(tenantId)
      }
    },
    hear(tenantId) {
      heard = true
      for (const listener of tenants.get(tenantId) ?? []) listener.wake()
    },
    pushes: () => heard,
    close() {
      closed = true
      for (const listeners of [...tenants.values()]) for (const listener of [...listeners]) listener.end()
    },
  }
}
