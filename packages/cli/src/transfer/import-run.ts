/** What the steps of one import share: its options and books, and how a batch is sent and put down. */
import type { CompiledSchema } from '@backsaas/core'
import type { Batch, BatchLimits } from './batch.ts'
import type { Journal } from './journal.ts'
import type { NameMap } from './name-map.ts'
import type { RestClient } from './rest-client.ts'
import { type Outcome, sendBatch } from './send-batch.ts'
import type { SourceFile } from './source-row.ts'
import type { Tally } from './tally.ts'
import type { Targets } from './targets.ts'

export interface ImportOptions {
  readonly client: RestClient
  readonly files: readonly SourceFile[]
  /** The entity that rows go to, or of a file with several the only one that is read. */
  readonly entity: string | null
  readonly names: NameMap
  readonly schema: CompiledSchema | null
  readonly existing: 'update' | 'keep'
  /** Whether CSV texts lose the apostrophe that guards them from spreadsheets. */
  readonly unguard: boolean
  readonly batchRows: number
  /** Batches on the way at once. */
  readonly parallel: number
  readonly reportPath: string
  readonly resume: boolean
  /** Says that the import should stop in good time; it is resumed later. */
  readonly stopped: () => boolean
  readonly onProgress: (progress: Progress) => void
}

export interface Progress {
  /** Of all files, read so far. */
  readonly bytes: number
  readonly written: number
  readonly refused: number
  readonly entity: string
}

/** Below the API's own limit of 1 MB. */
const BATCH_BYTES = 768 * 1024
const SAVE_EVERY_MS = 500

/** The state of one import. */
export interface Run {
  readonly options: ImportOptions
  readonly journal: Journal
  readonly targets: Targets
  readonly tally: Tally
  bytesBefore: number
  savedAt: number
}

/** How large a batch may be. */
export function batchLimits({ options }: Run): BatchLimits {
  return { rows: options.batchRows, bytes: BATCH_BYTES }
}

/**
 * Sends a batch and puts down what came of it.
 *
 * @param pass 0 while files are read, then the number of the pass over the waiting rows.
 * @param narrow whether rows with a reference to nowhere are looked for one by one.
 */
export async function sendAndSettle(run: Run, batch: Batch, pass: number, narrow: boolean): Promise<void> {
  const { client, existing } = run.options
  const outcome = await sendBatch(batch, { client, existing, narrow, onUnwritable: run.targets.leaveOut })
  settle(run, batch, outcome, pass)
}

/** What came of a batch is put down first; then its rows count as settled. */
export function settle(run: Run, batch: Batch, outcome: Outcome, pass: number): void {
  run.journal.refuse(outcome.refused, pass)
  run.journal.wait(outcome.waiting, pass)
  run.tally.settle(batch, outcome, pass)
  const { written, refused, bytes } = run.tally.now()
  const entity = batch[0]?.entity ?? ''
  run.options.onProgress({ bytes: run.bytesBefore + bytes, written, refused, entity })
  // What is new each time is put down at once, or going on would write it twice.
  const isNew = outcome.written > 0 && batch[0]?.key === null
  if (isNew || performance.now() - run.savedAt > SAVE_EVERY_MS) save(run, pass)
}

/** Writes the checkpoint. */
export function save(run: Run, pass: number): void {
  run.journal.save({ fingerprint: fingerprintOf(run.options), done: run.tally.done(), pass })
  run.savedAt = performance.now()
}

/** The same files to the same place: the same import. */
export function fingerprintOf({ client, files, entity, names }: ImportOptions): string {
  const maps = [[...names.entities], [...names.fields].map(([name, columns]) => [name, [...columns]])]
  const read = files.map(({ path, size, modifiedMs }) => [path, size, modifiedMs])
  return JSON.stringify([client.place, entity, maps, read])
}
