/** The scope of a request: the platform's own `waitUntil` where there is one, else the runtime's. */
import type { Observe, Scope } from '@backsaas/core'
import type { Context, ExecutionContext } from 'hono'
import { withinTime } from './within-time.ts'

/** A scope of the runtime's own, for where the platform has none; `settled` waits for what was put into it. */
export interface OwnScope extends Scope {
  /** Until nothing is left, or the time is over. */
  settled(maxMs: number): Promise<void>
}

export function createOwnScope(observe: Observe | null): OwnScope {
  const pending = new Set<Promise<unknown>>()
  return {
    now: Date.now,
    waitUntil(work) {
      const watched: Promise<unknown> = work
        .catch((error: unknown) => observe?.({ kind: 'error', code: 'BACKGROUND', error }))
        .finally(() => pending.delete(watched))
      pending.add(watched)
    },
    async settled(maxMs) {
      if (pending.size > 0) await withinTime(Promise.all(pending), maxMs)
    },
  }
}

/** Node has no execution context and hono throws when it is asked for one: not asked for there. */
const ASK = !(globalThis.navigator?.userAgent ?? '').startsWith('Node.js')

const scopes = new WeakMap<ExecutionContext, Scope>()

/**
 * One scope for all that a request does, so that an adapter which opens connections per scope opens one.
 *
 * @param context of the request, or of the one that this process is serving while it asks itself.
 */
export function requestScope(context: Context, own: OwnScope): Scope {
  if (!ASK) return own
  const execution = executionContext(context)
  // A scope of its own: what one request opens, another could not use.
  if (execution === null) return { now: Date.now, waitUntil: own.waitUntil }
  const known = scopes.get(execution)
  if (known) return known
  const scope: Scope = { now: Date.now, waitUntil: (work) => execution.waitUntil(work) }
  scopes.set(execution, scope)
  return scope
}

function executionContext(context: Context): ExecutionContext | null {
  try {
    return context.executionCtx
  } catch {
    return null // hono's only way of saying that there is none
  }
}
