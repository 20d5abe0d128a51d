/** Counts what becomes of the rows, and knows up to which row of each source everything is settled. */
import type { Batch, Origin } from './batch.ts'
import { type Journal, sourceName } from './journal.ts'
import type { Outcome, RefusedRow } from './send-batch.ts'

export interface Counts {
  readonly written: number
  readonly refused: number
}

export interface Tally {
  /** Whether no earlier run has settled the row. */
  isNew(origin: Origin): boolean
  /** A row has been read and is on its way. */
  begin(origin: Origin, bytes: number): void
  settle(batch: Batch, outcome: Outcome, pass: number): void
  /** Rows that waited in vain. */
  refuse(rows: readonly RefusedRow[]): void
  now(): Counts & { readonly bytes: number }
  /** How many rows wait after a pass. */
  waiting(pass: number): number
  /** By source: up to which row everything is settled. */
  done(): Readonly<Record<string, number>>
  result(): Counts & { readonly entities: Readonly<Record<string, Counts>>; readonly resumed: number }
}

interface Source {
  last: number
  /** Rows on their way; a set keeps the order in which they came, so the first is the lowest. */
  readonly open: Set<number>
}

/** @example const tally = createTally(journal); tally.begin(row.origin, bytes); tally.settle(batch, outcome, 0) */
export function createTally({ resumed, refusedBefore }: Pick<Journal, 'resumed' | 'refusedBefore'>): Tally {
  const before = new Map(Object.entries(resumed?.done ?? {}))
  const sources = new Map<string, Source>([...before].map(([name, last]) => [name, { last, open: new Set() }]))
  const entities = new Map<string, { written: number; refused: number }>()
  const waiting = new Map<number, number>()
  const all = { written: 0, refused: refusedBefore, bytes: 0 }
  const count = (entity: string, written: number, refused: number): void => {
    const counts = entities.get(entity) ?? { written: 0, refused: 0 }
    counts.written += written
    counts.refused += refused
    entities.set(entity, counts)
    all.written += written
    all.refused += refused
  }
  return {
    isNew: (origin) => origin.row > (before.get(sourceName(origin)) ?? 0),
    begin(origin, bytes) {
      const name = sourceName(origin)
      const source = sources.get(name) ?? { last: 0, open: new Set() }
      sources.set(name, source)
      source.last = origin.row
      source.open.add(origin.row)
      all.bytes = bytes
    },
    settle(batch, outcome, pass) {
      const entity = batch[0]?.entity
      if (entity !== undefined) count(entity, outcome.written, outcome.refused.length)
      waiting.set(pass, (waiting.get(pass) ?? 0) + outcome.waiting.length)
      if (pass === 0) for (const { origin } of batch) sources.get(sourceName(origin))?.open.delete(origin.row)
    },
    refuse(rows) {
      for (const { row } of rows) count(row.entity, 0, 1)
    },
    now: () => all,
    waiting: (pass) => waiting.get(pass) ?? 0,
    done: () => Object.fromEntries([...sources].map(([name, source]) => [name, settledUpTo(source)])),
    result: () => ({
      written: all.written,
      refused: all.refused,
      entities: Object.fromEntries(entities),
      resumed: [...before.values()].reduce((sum, rows) => sum + rows, 0),
    }),
  }
}

function settledUpTo({ last, open }: Source): number {
  const [lowest] = open
  return lowest === undefined ? last : lowest - 1
}
