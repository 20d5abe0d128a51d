/** How many rows a batch of a backfill has: as many as take a moment where others write the table, and several where nobody does. */

export interface Pace {
  /** Of the batch that is prepared next. */
  readonly rows: number
  /** Told of a batch that was committed. */
  took(batch: { readonly rows: number; readonly ms: number; readonly othersWrite: boolean }): void
  /** Told of one in which something cannot be converted: a quarter of it is tried, until the row is alone. */
  failed(rows: number): void
}

/** Whoever writes a row of the batch waits for its end, so that this is what a client's p99 becomes. */
const SHARED_MS = 40
/** Longer ones hold up the clients of other tables, whose commits wait for the disk with all that was written before. */
const ALONE_MS = 150
/** Those who write are seen by chance where they write other rows. */
const ALONE_AFTER_MS = 3000
const ROWS = { first: 1000, max: 50_000 } as const
/** What takes that long with so few rows is not the rows: fewer of them would be slower, and no shorter. */
const SHRUNK_MIN = 100
/** A range is found while the one before is filled, so the first two are of the same size. */
const GROWTH = 4

/** @param now milliseconds of a clock. */
export function createPace(now: () => number = () => performance.now()): Pace {
  let rows: number = ROWS.first
  let seenAtMs = now()
  return {
    get rows() {
      return rows
    },
    took(batch) {
      if (batch.othersWrite) seenAtMs = now()
      const target = now() - seenAtMs < ALONE_AFTER_MS ? SHARED_MS : ALONE_MS
      const fitting = Math.round((batch.rows * target) / Math.max(batch.ms, 1))
      const least = Math.min(batch.rows, SHRUNK_MIN)
      rows = Math.min(ROWS.max, batch.rows * GROWTH, Math.max(fitting, least))
    },
    failed(tried) {
      rows = Math.max(1, Math.floor(tried / 4))
    },
  }
}
