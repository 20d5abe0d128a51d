/** One batch to the server: written, or narrowed down to the rows that are to blame. */
import { BackSaasError, type FieldProblem } from '@backsaas/core'
import type { Batch, PendingRow } from './batch.ts'
import { encodeRows } from './encode-rows.ts'
import {
  ANSWER_LOST,
  type RestAnswer,
  type RestClient,
  type RestProblem,
  readProblem,
  refusedByServer,
} from './rest-client.ts'

export interface RefusedRow {
  readonly row: PendingRow
  readonly problem: RestProblem
}

/** Each row of the batch is in exactly one of the three. */
export interface Outcome {
  readonly written: number
  readonly refused: readonly RefusedRow[]
  /** Rows that refer to one that is not there: it may come later. */
  readonly waiting: readonly RefusedRow[]
}

export interface SendOptions {
  readonly client: RestClient
  /** What happens to a row whose key is there already. */
  readonly existing: 'update' | 'keep'
  /** Whether a batch with a reference to nowhere is taken apart; if not, it waits as a whole. */
  readonly narrow: boolean
  /** Told of fields that turn out to be the platform's alone; they are left out from then on. */
  readonly onUnwritable: (entity: string, fields: readonly string[]) => void
}

const NO_REFERENCE = '23503'

/**
 * Upserts the rows by key; rows that lack one are inserted, and not sent again where the answer got lost.
 *
 * @throws `SERVER_UNAVAILABLE`, or the server's own error where it is not the rows' fault (401, 403, 404, 5xx, a request
 *   that makes no sense).
 * @example const { written, refused, waiting } = await sendBatch(batch, options)
 */
export async function sendBatch(batch: Batch, options: SendOptions): Promise<Outcome> {
  const [first] = batch
  if (!first) return NOTHING
  const { contentType, body } = encodeRows(batch)
  const resolution = options.existing === 'update' ? 'merge-duplicates' : 'ignore-duplicates'
  const isNew = first.key === null
  const answer = await options.client.send({
    method: 'POST',
    path: `/${encodeURIComponent(first.entity)}`,
    headers: {
      'content-type': contentType,
      prefer: isNew ? 'return=minimal' : `resolution=${resolution}, return=minimal`,
    },
    body,
    isRepeatable: !isNew,
  })
  if (answer.status < 300) return { ...NOTHING, written: batch.length }
  return handleProblem(batch, first, answer, options)
}

const NOTHING: Outcome = { written: 0, refused: [], waiting: [] }

async function handleProblem(
  batch: Batch,
  first: PendingRow,
  answer: RestAnswer,
  options: SendOptions,
): Promise<Outcome> {
  const problem = readProblem(answer)
  if (problem.code === ANSWER_LOST) return { ...NOTHING, refused: batch.map((row) => ({ row, problem })) }
  if (problem.code === 'FIELD_NOT_WRITABLE') return resendWithout(batch, first, answer, options)
  if (!isRowsFault(answer.status, problem.code)) throw refusedByServer(answer, `cannot write ${first.entity}`)
  if (problem.code === NO_REFERENCE && (batch.length === 1 || !options.narrow))
    return { ...NOTHING, waiting: batch.map((row) => ({ row, problem })) }
  if (batch.length === 1) return { ...NOTHING, refused: [{ row: first, problem }] }
  const named = problemsByRow(problem, batch.length)
  if (named.size > 0) return resendOthers(batch, problem, named, options)
  const middle = Math.ceil(batch.length / 2)
  // One after the other: where a key stands twice, the later row decides.
  const head = await sendBatch(batch.slice(0, middle), options)
  return join(head, await sendBatch(batch.slice(middle), options))
}

/** Values that do not fit, duplicates, bodies that are too large: not a request that is wrong as such. */
function isRowsFault(status: number, code: string): boolean {
  if (status === 413) return true
  return (status === 400 || status === 409 || status === 422) && !code.startsWith('PGRST') && code !== '42P10'
}

async function resendWithout(
  batch: Batch,
  first: PendingRow,
  answer: RestAnswer,
  options: SendOptions,
): Promise<Outcome> {
  const fields = readProblem(answer).errors.map(({ pointer }) => pointer.slice(1))
  const fewer = batch.map((row) => ({ ...row, values: without(row.values, fields) }))
  const changed = Object.keys(fewer[0]?.values ?? {}).length < Object.keys(first.values).length
  if (!changed) throw refusedByServer(answer, `cannot write ${first.entity}`)
  options.onUnwritable(first.entity, fields)
  return sendBatch(fewer, options)
}

function without(values: PendingRow['values'], fields: readonly string[]): PendingRow['values'] {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !fields.includes(name)))
}

/** The problems by the place of their row, where every one of them tells it: `/12/email`. */
function problemsByRow(problem: RestProblem, rows: number): ReadonlyMap<number, readonly FieldProblem[]> {
  const byRow = new Map<number, FieldProblem[]>()
  for (const { pointer, code, detail } of problem.errors) {
    const [, place, rest] = /^\/(\d+)(\/.*)$/.exec(pointer) ?? []
    if (place === undefined || rest === undefined || Number(place) >= rows) return new Map()
    const list = byRow.get(Number(place)) ?? []
    byRow.set(Number(place), [...list, { pointer: rest, code, detail }])
  }
  return byRow
}

async function resendOthers(
  batch: Batch,
  problem: RestProblem,
  named: ReadonlyMap<number, readonly FieldProblem[]>,
  options: SendOptions,
): Promise<Outcome> {
  const refused = [...named].map(([place, errors]): RefusedRow => {
    const row = batch[place]
    if (!row) throw new BackSaasError('INTERNAL', 500, `there is no row ${place} in the batch`)
    const message = errors.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`).join('; ')
    return { row, problem: { ...problem, message, details: null, errors } }
  })
  const others = batch.filter((_, place) => !named.has(place))
  return join({ ...NOTHING, refused }, await sendBatch(others, options))
}

function join(a: Outcome, b: Outcome): Outcome {
  return {
    written: a.written + b.written,
    refused: [...a.refused, ...b.refused],
    waiting: [...a.waiting, ...b.waiting],
  }
}
