/** Waits for a job's outcome by looking at its row, soon at first and then less and less often. */
import { errorOf, type JsonObject } from '@backsaas/core'
import type { FunctionRequest } from '../functions/function-request.ts'
import { readRows } from '../stages/run-stages.ts'

const FIRST_PAUSE_MS = 15
const LONGEST_PAUSE_MS = 250

/**
 * @returns the result; null where there is none yet.
 * @throws the error that the job ended in.
 */
export async function awaitJob(request: FunctionRequest, id: string, waitMs: number): Promise<JsonObject | null> {
  const { scope, request: asked } = request
  const until = scope.now() + waitMs
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.4, LONGEST_PAUSE_MS)) {
    const leftMs = until - scope.now()
    if (leftMs <= 0 || asked.signal.aborted) return null
    await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMs, leftMs)))
    const row = await readJob(request, id)
    if (row?.status === 'succeeded') return asObject(row.result)
    if (row?.status === 'failed') throw errorOf(asObject(row.problem))
  }
}

/** Null where the row cannot be read now: the job is there all the same, and its place is told. */
async function readJob(
  { connection, open, tenantId, observe, requestId }: FunctionRequest,
  id: string,
): Promise<JsonObject | null> {
  try {
    const query = `id=eq.${id}&select=status,result,problem&limit=1`
    return (await readRows(connection, open, tenantId, 'jobs', query))[0] ?? null
  } catch (error) {
    observe?.({ kind: 'error', requestId, code: 'JOB_UNREADABLE', error })
    return null
  }
}

/** Of a job that has ended, as the migrator wrote it. */
function asObject(value: unknown): JsonObject {
  return value as JsonObject
}
