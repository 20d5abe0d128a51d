/** The rows that waited for others, tried again until nothing moves any more. */
import { type Batch, claimsOf, createBatcher } from './batch.ts'
import { batchLimits, type Run, save, sendAndSettle } from './import-run.ts'
import { createLane } from './lane.ts'
import type { RefusedRow } from './send-batch.ts'

/**
 * Sends the waiting rows again and again while some of them get in: in whole batches as long as that helps, then taking
 * batches apart. Those that are left at last are refused.
 *
 * @returns false where it was stopped.
 */
export async function retryWaiting(run: Run): Promise<boolean> {
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
  const batcher = createBatcher(batchLimits(run))
  const lane = createLane<void>(run.options.parallel, () => {})
  const send = (batch: Batch): Promise<void> =>
    lane.start(claimsOf(batch), () => sendAndSettle(run, batch, pass, narrow))
  let entity: string | null = null
  for await (const { row } of run.journal.waiting(pass)) {
    if (run.options.stopped()) break
    if (row.entity !== entity) {
      for (const batch of batcher.flush()) await send(batch)
      await lane.idle()
      entity = row.entity
    }
    for (const batch of batcher.add(row)) await send(batch)
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
