/**
 * Lends lanes: at most `max` connections, opened when needed, closed when idle. A lane carries up to `share` pieces of
 * work at once, the least busy one first; work that finds no place waits, first come first served.
 *
 * On a shared lane an answer waits for those before it. So what is known to be quick gathers on one lane for a turn of the
 * event loop, which makes one write to the socket of many; anything else goes where it waits for, and holds up, the fewest.
 */
import { createDurations } from './durations.ts'
import type { Lane } from './lane.ts'
import { createQueue } from './queue.ts'
import { unreachable } from './server-error.ts'

export interface PoolOptions {
  readonly open: () => Promise<Lane>
  /** Connections. */
  readonly max: number
  /** Pieces of work on one lane at once; 1 where a piece needs the lane to itself. */
  readonly share: number
  readonly idleTimeoutMs: number
  /** A connection is replaced at this age, so that the server's memory and a moved address are seen to. */
  readonly maxAgeMs: number
}

export interface Pool {
  /**
   * Runs `work` on a lane; waits where there is no place.
   *
   * @param kind what is alike in how long it takes: a statement's text; absent where it is not to be gathered.
   */
  use<T>(work: (lane: Lane) => Promise<T>, kind?: string): Promise<T>
  /** Waits for the work given so far, then closes every connection. */
  close(): Promise<void>
}

interface Slot {
  /** Null while it opens. */
  lane: Lane | null
  opening: Promise<Lane> | null
  load: number
  /** How much of the load is not known to be quick. */
  unknown: number
  readonly bornAt: number
  usedAt: number
  /** When the last piece of work ended, by `performance.now()`. */
  answeredAt: number
}

/** So many pieces of quick work go to one lane in one turn. */
const GATHERED = 8

/** @example const pool = createPool({ open, max: 10, share: 1, idleTimeoutMs: 30_000, maxAgeMs: 3_600_000 }) */
export function createPool({ open, max, share, idleTimeoutMs, maxAgeMs }: PoolOptions): Pool {
  const slots = new Set<Slot>()
  const waiting = createQueue<{ readonly quick: boolean; readonly go: (slot: Slot) => void }>()
  const closures = new Set<Promise<void>>()
  const durations = createDurations()
  /** Where the quick work of this turn goes. */
  let gathering: Slot | null = null
  let busy = 0
  let sweeper: ReturnType<typeof setTimeout> | undefined
  let closing: Promise<void> | undefined
  let drained: (() => void) | undefined

  async function use<T>(work: (lane: Lane) => Promise<T>, kind?: string): Promise<T> {
    if (closing) throw unreachable('08001', 'this database has been closed')
    busy++
    const quick = share > 1 && kind !== undefined && durations.isQuick(kind)
    const slot =
      (waiting.isEmpty() ? pick(quick) : null) ??
      (await new Promise<Slot>((go) => {
        waiting.push({ quick, go })
      }))
    const startedAt = performance.now()
    try {
      return await work(slot.lane ?? (await (slot.opening ?? openSlot(slot))))
    } finally {
      // Without the time that it has waited for those before it on its lane.
      const now = performance.now()
      if (kind !== undefined) durations.note(kind, now - Math.max(startedAt, slot.answeredAt))
      slot.answeredAt = now
      giveBack(slot, quick)
      if (--busy === 0) drained?.()
    }
  }

  /** A slot with room, its load counted already: this turn's, else an idle one, else a new one, else the least busy. */
  function pick(quick: boolean): Slot | null {
    const now = Date.now()
    if (quick && gathering && gathering.load < Math.min(share, GATHERED) && isFit(gathering, now)) {
      return take(gathering, quick, now)
    }
    let best: Slot | null = null
    for (const slot of slots) {
      if (!isFit(slot, now)) {
        if (slot.load === 0) discard(slot)
      } else if (slot.load < share && (best === null || isBetter(slot, best))) best = slot
    }
    if ((best === null || best.load > 0) && slots.size < max) {
      best = { lane: null, opening: null, load: 0, unknown: 0, bornAt: now, usedAt: now, answeredAt: 0 }
      slots.add(best)
    }
    if (best === null) return null
    if (quick && best.unknown === 0) gather(best)
    return take(best, quick, now)
  }

  function take(slot: Slot, quick: boolean, now: number): Slot {
    slot.load++
    if (!quick) {
      slot.unknown++
      if (slot === gathering) gathering = null
    }
    slot.usedAt = now
    return slot
  }

  /** Until the end of this turn, when what was written is sent. */
  function gather(slot: Slot): void {
    if (gathering === null) setImmediate(() => (gathering = null))
    gathering = slot
  }

  function isFit(slot: Slot, now: number): boolean {
    return slot.lane === null || (slot.lane.usable() && now - slot.bornAt < maxAgeMs)
  }

  async function openSlot(slot: Slot): Promise<Lane> {
    slot.opening = open()
    try {
      slot.lane = await slot.opening
      return slot.lane
    } catch (error) {
      // Whoever waits for the same opening fails with it; the next to come tries again.
      slots.delete(slot)
      throw error
    }
  }

  function giveBack(slot: Slot, quick: boolean): void {
    slot.load--
    if (!quick) slot.unknown--
    const now = Date.now()
    slot.usedAt = now
    if (slot.load === 0 && slots.has(slot)) {
      if (!isFit(slot, now)) discard(slot)
      else sweeper ??= setTimeout(sweep, idleTimeoutMs)
    }
    for (let first = waiting.first(); first; first = waiting.first()) {
      const next = pick(first.quick)
      if (next === null) return
      waiting.shift()
      first.go(next)
    }
  }

  function sweep(): void {
    const before = Date.now() - idleTimeoutMs
    for (const slot of slots) if (slot.load === 0 && slot.usedAt <= before) discard(slot)
    sweeper = slots.size > 0 ? setTimeout(sweep, idleTimeoutMs) : undefined
  }

  function discard(slot: Slot): void {
    slots.delete(slot)
    if (slot.lane === null) return
    const closure = slot.lane.close().finally(() => closures.delete(closure))
    closures.add(closure)
  }

  async function close(): Promise<void> {
    if (busy > 0) await new Promise<void>((resolve) => (drained = resolve))
    clearTimeout(sweeper)
    for (const slot of slots) discard(slot)
    await Promise.all(closures)
  }

  return { use, close: () => (closing ??= close()) }
}

/** With less that may take long, then less busy; among the idle the one used last, so that what is not needed stays untouched, and leaves. */
function isBetter(slot: Slot, than: Slot): boolean {
  if (slot.unknown !== than.unknown) return slot.unknown < than.unknown
  if (slot.load !== than.load) return slot.load < than.load
  return slot.load === 0 ? slot.usedAt > than.usedAt : slot.lane !== null && than.lane === null
}
