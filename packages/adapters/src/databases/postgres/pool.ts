/** Lends lanes: at most `max` connections, opened when needed, first come first served, closed when idle. */
import { unreachable } from '../server-error.ts'
import type { Lane } from './lane.ts'

export interface PoolOptions {
  readonly open: () => Promise<Lane>
  /** Connections. */
  readonly max: number
  readonly idleTimeoutMs: number
  /** A connection is replaced at this age, so that the server's memory and a moved address are seen to. */
  readonly maxAgeMs: number
}

export interface Pool {
  /** Runs `work` on a lane of its own; waits where all are taken. */
  use<T>(work: (lane: Lane) => Promise<T>): Promise<T>
  /** Waits for the work given so far, then closes every connection. */
  close(): Promise<void>
}

interface Slot {
  readonly lane: Lane
  readonly bornAt: number
  idleSince: number
}

/** Told that it may have a slot, or (null) that it may open a new one. */
type Waiter = (slot: Slot | null) => void

/** @example const pool = createPool({ open: () => openLane(options), max: 10, idleTimeoutMs: 30_000, maxAgeMs: 3_600_000 }) */
export function createPool({ open, max, idleTimeoutMs, maxAgeMs }: PoolOptions): Pool {
  const idle: Slot[] = []
  const waiting = createQueue<Waiter>()
  const closures = new Set<Promise<void>>()
  let count = 0
  let busy = 0
  let closing: Promise<void> | undefined
  let drained: (() => void) | undefined
  let sweeper: ReturnType<typeof setTimeout> | undefined

  async function use<T>(work: (lane: Lane) => Promise<T>): Promise<T> {
    if (closing) throw unreachable('08001', 'this database has been closed')
    busy++
    try {
      const slot = await take()
      try {
        return await work(slot.lane)
      } finally {
        giveBack(slot)
      }
    } finally {
      busy--
      if (busy === 0) drained?.()
    }
  }

  async function take(): Promise<Slot> {
    for (let slot = idle.pop(); slot; slot = idle.pop()) {
      if (slot.lane.usable()) return slot
      discard(slot)
    }
    if (count >= max) {
      const slot = await new Promise<Slot | null>((resolve) => waiting.push(resolve))
      if (slot) return slot
    }
    count++
    try {
      return { lane: await open(), bornAt: Date.now(), idleSince: 0 }
    } catch (error) {
      count--
      waiting.shift()?.(null)
      throw error
    }
  }

  function giveBack(slot: Slot): void {
    if (!slot.lane.usable() || Date.now() - slot.bornAt > maxAgeMs) {
      discard(slot)
      waiting.shift()?.(null)
      return
    }
    const next = waiting.shift()
    if (next) return next(slot)
    slot.idleSince = Date.now()
    idle.push(slot)
    sweeper ??= setTimeout(sweep, idleTimeoutMs)
  }

  function discard(slot: Slot): void {
    count--
    const closure = slot.lane.close().finally(() => closures.delete(closure))
    closures.add(closure)
  }

  /** Closes what has been idle for long; the lanes used last are at the end and stay. */
  function sweep(): void {
    const before = Date.now() - idleTimeoutMs
    const keep = idle.findIndex((slot) => slot.idleSince > before)
    for (const slot of idle.splice(0, keep === -1 ? idle.length : keep)) discard(slot)
    sweeper = count > 0 ? setTimeout(sweep, idleTimeoutMs) : undefined
  }

  async function close(): Promise<void> {
    if (busy > 0) await new Promise<void>((resolve) => (drained = resolve))
    clearTimeout(sweeper)
    for (const slot of idle.splice(0)) discard(slot)
    await Promise.all(closures)
  }

  return {
    use,
    close: () => (closing ??= close()),
  }
}

interface Queue<T> {
  push(item: T): void
  shift(): T | undefined
}

/** First in, first out, both ends in constant time however long it grows. */
function createQueue<T>(): Queue<T> {
  type Node = { readonly item: T; next?: Node }
  let head: Node | undefined
  let tail: Node | undefined
  return {
    push(item) {
      const node: Node = { item }
      if (tail) tail.next = node
      else head = node
      tail = node
    },
    shift() {
      const node = head
      head = node?.next
      if (!head) tail = undefined
      return node?.item
    },
  }
}
