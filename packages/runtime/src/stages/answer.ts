/** What was executed → status, headers and body in the dialect. */
import { BackSaasError, type CompiledEntity, type Operation } from '@backsaas/core'
import { noSuchRow } from '../dialect/dialect-errors.ts'
import type { Reply } from '../http/reply.ts'
import type { DataRequest } from './data-request.ts'
import type { Executed } from './execute.ts'
import type { Parsed } from './parsed.ts'

/**
 * @throws `PGRST116` (406) where one row was asked for and another number came; `PGRST103` (416) beyond the last row.
 */
export function answer(parsed: Parsed, executed: Executed, { basePath, profile }: Place): Reply {
  const { operation, media, preferences, entity } = parsed
  if (operation.item && executed.rows === 0) throw noSuchRow(entity.name)
  const one = operation.cardinality === 'one'
  if (one && executed.rows !== 1) throw notOne(executed.rows)
  const headers: Record<string, string> = {
    'content-range': contentRange(parsed, executed),
    'content-profile': profile,
  }
  if (preferences.applied.length > 0) {
    const applied = preferences.applied.filter((word) => isApplied(word, operation))
    if (applied.length > 0) headers['preference-applied'] = applied.join(', ')
  }
  if (executed.revision !== null) headers.etag = `"${executed.revision}"`
  if (operation.action === 'create' && operation.returning === 'headers-only' && executed.rows === 1)
    headers.location = location(entity, executed.body, basePath)
  const hasBody = operation.returning === 'representation'
  if (hasBody) headers['content-type'] = media.contentType
  // Postgres' array of one row is that row between brackets.
  const body = one ? executed.body.trim().slice(1, -1) : executed.body
  return { status: statusOf(parsed, executed, hasBody), headers, body: hasBody ? body : null }
}

/** Where the answer stands: the path before `/{entity}`, for `Location`, and the profile that was asked. */
type Place = Pick<DataRequest, 'basePath' | 'profile'>

function statusOf({ operation, offset }: Parsed, { rows, total, inserted }: Executed, hasBody: boolean): number {
  // An upsert that has made nothing new is an update.
  if (operation.action === 'create') return inserted === 0 && rows > 0 ? 200 : 201
  if (operation.action !== 'read') return hasBody ? 200 : 204
  if (total === null || operation.cardinality === 'one') return 200
  if (offset > total) throw rangeNotSatisfiable(offset, total)
  return rows < total ? 206 : 200
}

/** `max-affected` counts under strict handling only, and where rows are changed. */
function isApplied(word: string, operation: Operation): boolean {
  if (word.startsWith('max-affected=')) return operation.maxAffected !== undefined
  return word !== 'handling=lenient'
}

function contentRange({ operation, offset }: Parsed, { rows, total }: Executed): string {
  const size = total === null ? '*' : String(total)
  const ranged = rows > 0 && (operation.action === 'read' || operation.action === 'update')
  return ranged ? `${offset}-${offset + rows - 1}/${size}` : `*/${size}`
}

/** `/rest/v1/contacts?id=eq.…`, as the dialect names a new row. */
function location(entity: CompiledEntity, body: string, basePath: string): string {
  const [row] = JSON.parse(body) as readonly Record<string, string>[] // written by `planWritten`: the keys, as text
  return `${basePath}/${entity.name}?${entity.key.map((field) => `${field}=eq.${encodeURIComponent(row?.[field] ?? '')}`).join('&')}`
}

function notOne(rows: number): BackSaasError {
  return new BackSaasError('PGRST116', 406, 'Cannot coerce the result to a single JSON object', {
    details: `The result contains ${rows} rows`,
  })
}

function rangeNotSatisfiable(offset: number, total: number): BackSaasError {
  return new BackSaasError('PGRST103', 416, 'Requested range not satisfiable', {
    details: `An offset of ${offset} was requested, but there are only ${total} rows.`,
    headers: { 'content-range': `*/${total}` },
  })
}
