/** Notices, by the positions of the events that arrive, that some did not. */
import type { Event } from '../contracts/event.ts'

export interface Sequence {
  /** Whether events between the last one and this one are missing. */
  skips(event: Event): boolean
  /** What comes next follows on nothing. */
  forget(): void
}

/**
 * Positions in an outbox leave nothing out. One that is lower than the last is an event sent again, or an outbox begun
 * anew: from there they count on, so a position that somebody has forged misleads for one event only.
 *
 * @example if (sequence.skips(event)) delivery.gap()
 */
export function createSequence(): Sequence {
  let last: number | null = null
  return {
    skips({ position }) {
      if (position === undefined) return false
      const skipped = last !== null && position > last + 1
      last = position
      return skipped
    },
    forget() {
      last = null
    },
  }
}
