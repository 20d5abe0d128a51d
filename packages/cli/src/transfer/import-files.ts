/**
 * The import, from files to rows behind the API: read → map → batch → send, then passes over the rows that waited for
 * others, until nothing moves any more.
 */
import { BackSaasError, type CompiledSchema } from '@backsaas/core'
import { type Batch, createBatcher, type PendingRow } from './batch.ts'
import { type Journal, openJournal } from './journal.ts'
import { createLane } from './lane.ts'
import type { NameMap } from './name-map.ts'
import { orderFiles } from './order-files.ts'
import { readRows } from './read-rows.ts'
import type { RestClient } from './rest-client.ts'
import { type Outcome, type RefusedRow, type SendOptions, sendBatch } from './send-batch.ts'
import type { SourceFile, SourceRow } from './source-row.ts'
import { createTally, type Tally } from './tally.ts'
import { createTargets, type Targets } from './targets.ts'

export interface ImportOptions {
  readonly client: RestClient
  readonly files: readonly SourceFile[]
  /** The entity that rows go to, or of a file with several the only one that is read. */
  readonly entity: string | null
  readonly names: NameMap
  readonly schema: CompiledSchema | null
  readonly existing: 'update' | 'keep'
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

export interface ImportResult {
  readonly written: number
  readonly refused: number
  /** By entity, in the order of the first row. Rows of an earlier, interrupted run are not counted again. */
  readonly entities: Readonly<Record<string, { readonly written: number; readonly refused: number }>>
  /** Fields of the files that the platform alone writes. */
  readonly leftOut: Readonly<Record<string, readonly string[]>>
  /** Rows that an earlier run had settled. */
  readonly resumed: number
  readonly interrupted: boolean
  /** Null where nothing was refused. */
  readonly report: string | null
}

/** Below the API's own limit of 1 MB. */
const BATCH_BYTES = 768 * 1024
const SAVE_EVERY_MS = 500

/** What the steps of one import share. */
interface Run {
  readonly options: ImportOptions
  readonly journal: Journal
  readonly targets: Targets
  readonly tally: Tally
  bytesBefore: number
  savedAt: number
}

/**
 * Imports the files.
 *
 * Rows are upserted by key, so an import may be repeated. A row that is refused does not stop it: it is in the report.
 *
 * @throws `ENTITY_UNKNOWN`, `COLUMN_UNKNOWN`, `FILE_INVALID`, `SERVER_UNAVAILABLE`, or the server's error where it refuses
 *   the request and not its rows; what was done is kept and the same import goes on from there.
 * @example await importFiles({ client, files: findFiles('chinook.json'), … })
 */
export async function importFiles(options: ImportOptions): Promise<ImportResult> {
  const journal = openJournal(options.reportPath, fingerprintOf(options), options.resume)
  const run: Run = {
    options,
    journal,
    targets: createTargets(options),
    tally: createTally(journal),
    bytesBefore: 0,
    savedAt: performance.now(),
  }
  if ((journal.resumed?.pass ?? 0) === 0) await readFiles(run)
  const interrupted = options.stopped() || !(await retryWaiting(run))
  return { ...run.tally.result(), leftOut: run.targets.leftOut(), interrupted, report: reportOf(run) }
}

function reportOf({ tally, journal }: Run): string | null {
  return tally.now().refused > 0 ? journal.reportPath : null
}

/** The same files to the same place: the same import. */
function fingerprintOf({ client, files, entity, names }: ImportOptions): string {
  const maps = [[...names.entities], [...names.fields].map(([name, columns]) => [name, [...columns]])]
  return JSON.stringify([client.url, entity, maps, files.map(({ path, size }) => [path, size])])
}

async function readFiles(run: Run): Promise<void> {
  for (const file of orderFiles(run.options.files, run.options)) {
    await readFile(run, file)
    if (run.options.stopped()) return
    run.bytesBefore += file.size
  }
}

async function readFile(run: Run, file: SourceFile): Promise<void> {
  const { options, tally } = run
  const batcher = createBatcher({ rows: options.batchRows, bytes: BATCH_BYTES })
  const lane = createLane<void>(options.parallel, () => {})
  const send = (batch: Batch): Promise<void> => lane.start(() => sendAndSettle(run, batch, 0, false))
  let source: string | null = null
  try {
    for await (const read of readRows(file)) {
      if (options.stopped()) break
      if (read.source !== source) {
        // The rows of the next entity may refer to these.
        for (const batch of batcher.flush()) await send(batch)
        await lane.idle()
        source = read.source
      }
      const origin = { file: file.path, source: read.source, row: read.row }
      if (!tally.isNew(origin)) continue
      const row = await mapRow(run, file, read)
      if (row === null) continue
      tally.begin(row.origin, read.bytes)
      const full = batcher.add(row)
      if (full) await send(full)
    }
    if (!options.stopped()) for (const batch of batcher.flush()) await send(batch)
  } finally {
    // What is under way is settled before anything else is said, a failure of the reading included.
    await Promise.allSettled([lane.idle()])
    save(run, 0)
  }
  await lane.idle()
}

/** The row under the schema's names; null where it is left out or could not be read, which is put down. */
async function mapRow(run: Run, file: SourceFile, read: SourceRow): Promise<PendingRow | null> {
  const target = await run.targets.of(read.source, file.name)
  if (target === null) return null
  const origin = { file: file.path, source: read.source, row: read.row }
  const form = file.format === 'csv' ? 'csv' : 'json'
  if (read.values) return { entity: target.entity, values: target.map(read.values), form, origin }
  const problem = {
    code: 'ROW_INVALID',
    message: read.fault ?? 'cannot be read',
    details: null,
    hint: null,
    errors: [],
  }
  const row: PendingRow = { entity: target.entity, values: {}, form, origin }
  run.tally.begin(origin, read.bytes)
  settle(run, [row], { written: 0, refused: [{ row, problem }], waiting: [] }, 0)
  return null
}

async function sendAndSettle(run: Run, batch: Batch, pass: number, narrow: boolean): Promise<void> {
  const { client, existing } = run.options
  const options: SendOptions = { client, existing, narrow, onUnwritable: run.targets.leaveOut }
  settle(run, batch, await sendBatch(batch, options), pass)
}

/** What came of a batch is put down first; then its rows count as settled. */
function settle(run: Run, batch: Batch, outcome: Outcome, pass: number): void {
  run.journal.refuse(outcome.refused, pass)
  run.journal.wait(outcome.waiting, pass)
  run.tally.settle(batch, outcome, pass)
  const { written, refused, bytes } = run.tally.now()
  const entity = batch[0]?.entity ?? ''
  run.options.onProgress({ bytes: run.bytesBefore + bytes, written, refused, entity })
  if (performance.now() - run.savedAt > SAVE_EVERY_MS) save(run, pass)
}

function save(run: Run, pass: number): void {
  run.journal.save({ fingerprint: fingerprintOf(run.options), done: run.tally.done(), pass })
  run.savedAt = performance.now()
}

/**
 * Sends the waiting rows again and again while some of them get in: in whole batches as long as that helps, then taking
 * batches apart. Those that are left at last are refused.
 *
 * @returns false where it was stopped.
 */
async function retryWaiting(run: Run): Promise<boolean> {
  let narrow = false
  for (let pass = Math.max(run.journal.resumed?.pass ?? 0, 1); ; pass++) {
    const before = run.tally.now().written
    save(run, pass)
    const left = await retryOnce(run, pass, narrow)
    if (run.options.stopped()) return false
    const progressed = run.tally.now().written > before
    if (left > 0 && (progressed || !narrow)) {
      narrow = !progressed
      continue
    }
    for await (const rows of inChunks(run.journal.waiting(pass + 1))) {
      run.journal.refuse(rows, pass)
      run.tally.refuse(rows)
    }
    run.journal.close(pass)
    return true
  }
}

/** @returns how many rows still wait. */
async function retryOnce(run: Run, pass: number, narrow: boolean): Promise<number> {
  const batcher = createBatcher({ rows: run.options.batchRows, bytes: BATCH_BYTES })
  const lane = createLane<void>(run.options.parallel, () => {})
  const send = (batch: Batch): Promise<void> => lane.start(() => sendAndSettle(run, batch, pass, narrow))
  let entity: string | null = null
  for await (const { row } of run.journal.waiting(pass)) {
    if (run.options.stopped()) break
    if (row.entity !== entity) {
      for (const batch of batcher.flush()) await send(batch)
      await lane.idle()
      entity = row.entity
    }
    const full = batcher.add(row)
    if (full) await send(full)
  }
  for (const batch of batcher.flush()) await send(batch)
  await lane.idle()
  return run.tally.waiting(pass)
}

async function* inChunks(rows: AsyncIterable<RefusedRow>): AsyncGenerator<readonly RefusedRow[]> {
  let chunk: RefusedRow[] = []
  for await (const row of rows) {
    chunk.push(row)
    if (chunk.length < 1000) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}

/** @throws `ROWS_REFUSED` (422), `INTERRUPTED` (500): how the command ends where not every row is in. */
export function refuseIncomplete(result: ImportResult): void {
  if (result.interrupted)
    throw new BackSaasError('INTERRUPTED', 500, `interrupted after ${result.written} rows`, {
      hint: 'run the same command again to go on from there',
    })
  if (result.refused === 0) return
  const rows = result.refused === 1 ? '1 row was' : `${result.refused} rows were`
  throw new BackSaasError('ROWS_REFUSED', 422, `${rows} refused`, {
    hint: `each is in ${result.report} with the reason`,
  })
}
