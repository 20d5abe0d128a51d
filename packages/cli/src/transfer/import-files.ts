/**
 * The import, from files to rows behind the API: read → map → batch → send, then passes over the rows that waited for
 * others, until nothing moves any more.
 */
import { BackSaasError } from '@backsaas/core'
import { type Batch, claimsOf, createBatcher, type PendingRow } from './batch.ts'
import { batchLimits, fingerprintOf, type ImportOptions, type Run, save, sendAndSettle, settle } from './import-run.ts'
import { openJournal } from './journal.ts'
import { createLane } from './lane.ts'
import { orderFiles } from './order-files.ts'
import { readRows } from './read-rows.ts'
import type { RestProblem } from './rest-client.ts'
import { retryWaiting } from './retry-waiting.ts'
import { rowKey } from './row-key.ts'
import type { SourceFile, SourceRow, Values } from './source-row.ts'
import { createTally } from './tally.ts'
import { createTargets, type SourceTarget } from './targets.ts'

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

/**
 * Imports the files.
 *
 * Rows are upserted by key, so an import may be repeated; rows that lack a key are new ones each time. A row that is refused does not stop it: it is in the report.
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
  try {
    if ((journal.resumed?.pass ?? 0) === 0) await readFiles(run)
  } catch (error) {
    // Once it is mended the file is another one, so this import is never gone on with; or there is nothing to go on from.
    const isDead = error instanceof BackSaasError && error.code === 'FILE_INVALID'
    if (isDead || Object.values(run.tally.done()).every((row) => row === 0)) journal.close(0)
    throw error
  }
  const interrupted = options.stopped() || !(await retryWaiting(run))
  return { ...run.tally.result(), leftOut: run.targets.leftOut(), interrupted, report: reportOf(run) }
}

function reportOf({ tally, journal }: Run): string | null {
  return tally.now().refused > 0 ? journal.reportPath : null
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
  const batcher = createBatcher(batchLimits(run))
  const lane = createLane<void>(options.parallel, () => {})
  const send = (batch: Batch): Promise<void> => lane.start(claimsOf(batch), () => sendAndSettle(run, batch, 0, false))
  let source: string | null = null
  try {
    for await (const read of readRows(file, options)) {
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
      for (const batch of batcher.add(row)) await send(batch)
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
  const mapped = mapValues(target, file, read)
  const { entity, key } = target
  if ('values' in mapped) return { entity, key: rowKey(mapped.values, key), values: mapped.values, form, origin }
  const problem = { details: null, hint: null, ...mapped, errors: [] }
  const row: PendingRow = { entity, key: null, values: read.values ?? {}, form, origin }
  run.tally.begin(origin, read.bytes)
  settle(run, [row], { written: 0, refused: [{ row, problem }], waiting: [] }, 0)
  return null
}

/**
 * The values by field, or why there are none.
 *
 * @throws `COLUMN_UNKNOWN` (400) where it is not this row alone: in the header of a CSV, or in the first row.
 */
function mapValues(
  target: SourceTarget,
  file: SourceFile,
  { values, fault, row }: SourceRow,
): { readonly values: Values } | Pick<RestProblem, 'code' | 'message'> {
  if (!values) return { code: 'ROW_INVALID', message: fault ?? 'cannot be read' }
  try {
    return { values: target.map(values) }
  } catch (error) {
    if (file.format === 'csv' || row === 1 || !(error instanceof BackSaasError)) throw error
    const { code, message, hint } = error
    return { code, message, ...(hint && { hint }) }
  }
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
