/** Lends lanes: at most `max` connections, opened when needed, first come first served, closed when idle. */
import { unreachable } from '../server-error.ts'
import type { Lane } from './lane.ts'
import { createQueue } from './queue.ts'
import { createShelf } from './shelf.ts'

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
}

/** Given a slot, or (null) the place of one, to open it. */
type Waiter = (slot: Slot | null) => void

/** @example const pool = createPool({ open: () => openLane(options), max: 10, idleTimeoutMs: 30_000, maxAgeMs: 3_600_000 }) */
export function createPool({ open, max, idleTimeoutMs, maxAgeMs }: PoolOptions): Pool {
  const idle = createShelf<Slot>(idleTimeoutMs, discard)
  const waiting = createQueue<Waiter>()
  const closures = new Set<Promise<void>>()
  let count = 0
  let busy = 0
  let closing: Promise<void> | undefined
  let drained: (() => void) | undefined

  async function use<T>(work: (lane: Lane) => Promise<T>): Promise<T> {
    if (closing) throw unreachable('08001', 'this database has been closed')
    busy++
    let slot: Slot | undefined
    try {
      slot = await take()
      return await work(slot.lane)
    } finally {
      if (slot) giveBack(slot)
      if (--busy === 0) drained?.()
    }
  }

  async function take(): Promise<Slot> {
    for (let slot = idle.take(); slot; slot = idle.take()) {
      if (slot.lane.usable()) return slot
      discard(slot)
    }
    if (count < max) count++
    else {
      const slot = await new Promise<Slot | null>((resolve) => waiting.push(resolve))
      if (slot) return slot
    }
    try {
      return { lane: await open(), bornAt: Date.now() }
    } catch (error) {
      passPlaceOn()
      throw error
    }
  }

  function giveBack(slot: Slot): void {
    const fresh = slot.lane.usable() && Date.now() - slot.bornAt < maxAgeMs
    const next = fresh && waiting.shift()
    if (!fresh) discard(slot)
    else if (next) next(slot)
    else idle.put(slot)
  }

  function discard(slot: Slot): void {
    const closure = slot.lane.close().finally(() => closures.delete(closure))
    closures.add(closure)
    passPlaceOn()
  }

  function passPlaceOn(): void {
    const next = waiting.shift()
    if (next) next(null)
    else count--
  }

  async function close(): Promise<void> {
    if (busy > 0) await new Promise<void>((resolve) => (drained = resolve))
    idle.clear()
    await Promise.all(closures)
  }

  return { use, close: () => (closing ??= close()) }
}
