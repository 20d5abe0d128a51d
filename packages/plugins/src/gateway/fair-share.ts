/** Room for so many requests at a time, shared among tenants: one that asks for more than its share waits, and the others do not. */
import { gatewayError } from './gateway-errors.ts'

export interface ShareOptions {
  /** Requests inside at a time. Default: 64. */
  readonly inside?: number
  /** Of one tenant at most, however few others there are. Default: all of them. Beside others it is no more than its part. */
  readonly insideOfTenant?: number
  /** Of one tenant, waiting. Default: 256. */
  readonly waitingOfTenant?: number
  /** How long one waits at most. Default: 5,000. */
  readonly waitMs?: number
}

export interface FairShare {
  /**
   * Null where there is room at once.
   *
   * @throws `OVERLOADED` (503) where too many wait, or one has waited too long.
   */
  enter(tenant: string, signal: AbortSignal): Promise<void> | null
  leave(tenant: string): void
}

interface Waiting {
  readonly letIn: () => void
  readonly giveUp: (error: Error) => void
}

interface Line {
  inside: number
  readonly waiting: Set<Waiting>
}

/** So many of a tenant may always be inside, however many others there are: what one page asks for at once. */
const LEAST_PART = 4
/** How fast it is forgotten that there were more tenants at a time: a tenth in so long. */
const FORGOTTEN_EVERY_MS = 100

/**
 * Tenants that ask at the same time may each have an equal part of the room; one that is alone has all of it. Those with somebody
 * waiting take turns, whoever asked first: so who asks a hundred times waits behind itself.
 */
export function createFairShare(options: ShareOptions): FairShare {
  const { inside: room = 64, insideOfTenant = room, waitingOfTenant = 256, waitMs = 5_000 } = options
  for (const value of [room, insideOfTenant, waitingOfTenant, waitMs])
    if (!Number.isSafeInteger(value) || value < 1)
      throw gatewayError('GATEWAY_OPTIONS_INVALID', 'share: room is counted in whole numbers, above none')
  const lines = new Map<string, Line>()
  /** Tenants with somebody waiting, in turn: a Set keeps the order of insertion. */
  const turns = new Set<string>()
  let inside = 0
  /** Tenants with somebody inside or waiting: now, or a moment ago. */
  let present = 1
  let part = insideOfTenant
  let countedMs = 0

  function countParts(): void {
    const nowMs = performance.now()
    if (nowMs - countedMs > FORGOTTEN_EVERY_MS) {
      countedMs = nowMs
      present *= 0.9
    }
    present = Math.max(present, lines.size)
    part = Math.min(insideOfTenant, Math.max(LEAST_PART, Math.floor(room / present)))
  }

  function forget(tenant: string, line: Line): void {
    if (line.waiting.size > 0) return
    turns.delete(tenant)
    if (line.inside === 0) lines.delete(tenant)
  }

  function admitNext(): void {
    for (const tenant of turns) {
      if (inside >= room) return
      const line = lines.get(tenant)
      const next = line?.waiting.values().next().value
      if (!line || !next) turns.delete(tenant)
      else if (line.inside < part) {
        line.waiting.delete(next)
        turns.delete(tenant)
        // To the end of the turns; a Set is walked on to what is added while walking.
        if (line.waiting.size > 0) turns.add(tenant)
        inside += 1
        line.inside += 1
        next.letIn()
      }
    }
  }

  function wait(tenant: string, line: Line, signal: AbortSignal): Promise<void> {
    if (signal.aborted) {
      forget(tenant, line)
      throw overloaded('the caller has gone')
    }
    if (line.waiting.size >= waitingOfTenant) throw overloaded('too many requests of the tenant are waiting')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', gone)
    }
    const waiting: Waiting = {
      letIn: () => {
        done()
        resolve()
      },
      giveUp: (error) => {
        done()
        line.waiting.delete(waiting)
        forget(tenant, line)
        reject(error)
      },
    }
    const gone = (): void => waiting.giveUp(overloaded('the caller has gone'))
    const timer = setTimeout(() => waiting.giveUp(overloaded(`there was no room within ${waitMs} ms`)), waitMs)
    signal.addEventListener('abort', gone, { once: true })
    line.waiting.add(waiting)
    turns.add(tenant)
    return promise
  }

  return {
    enter(tenant, signal) {
      const line = lines.get(tenant) ?? { inside: 0, waiting: new Set<Waiting>() }
      lines.set(tenant, line)
      countParts()
      // Nobody is passed who could go in.
      if (inside < room && line.inside < part && line.waiting.size === 0) {
        inside += 1
        line.inside += 1
        return null
      }
      return wait(tenant, line, signal)
    },
    leave(tenant) {
      const line = lines.get(tenant)
      if (!line) return
      inside -= 1
      line.inside -= 1
      forget(tenant, line)
      if (turns.size > 0) admitNext()
    },
  }
}

export function overloaded(message: string): Error {
  return gatewayError('OVERLOADED', message, {
    hint: 'Try again in a moment.',
    headers: { 'retry-after': '1' },
  })
}
