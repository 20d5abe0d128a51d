/** Any thrown thing to the one response: RFC 9457 problem details, and the members that PostgREST's clients expect. */
import { BackSaasError, DatabaseError, type Observe, problemOf } from '@backsaas/core'
import { HTTPException } from 'hono/http-exception'
import { runtimeError } from './error-catalogue.ts'

/** The request that failed, as far as the answer tells of it. */
export interface FailedRequest {
  readonly requestId: string
  /** The path, without the query. */
  readonly path: string
}

/**
 * Answers `error`. What is not a refusal of ours is told to `observe` and answers 500 `INTERNAL` without a reason.
 *
 * @example return problemResponse(error, { requestId, path: url.pathname }, observe)
 */
export function problemResponse(error: unknown, request: FailedRequest, observe: Observe | null): Response {
  const shown = presentable(error)
  if (shown.status >= 500) observe?.({ kind: 'error', requestId: request.requestId, code: shown.code, error })
  const body = { ...problemOf(shown), instance: request.path, requestId: request.requestId }
  const headers = { ...shown.headers, 'content-type': 'application/problem+json; charset=utf-8' }
  return new Response(JSON.stringify(body), { status: shown.status, headers })
}

/** What the caller may see of an error: the error itself where it was made for them, else a general one. */
export function presentable(error: unknown): BackSaasError {
  if (error instanceof DatabaseError) return presentableDatabaseError(error)
  if (error instanceof BackSaasError && error.code !== 'INTERNAL') return error
  if (error instanceof HTTPException && error.status < 500)
    return new BackSaasError(`HTTP_${error.status}`, error.status, error.message || 'the request was refused')
  return runtimeError('INTERNAL', 'something broke on our side', {
    hint: 'Try again; if it stays so, report the requestId.',
    cause: error,
  })
}

/** One that nobody translated: a driver's message holds physical names, so only its kind is told. */
function presentableDatabaseError(error: DatabaseError): BackSaasError {
  if (error.status !== 503) return runtimeError('INTERNAL', 'something broke on our side', { cause: error })
  return runtimeError('DATABASE_UNREACHABLE', 'the database does not answer', {
    hint: 'Try again in a moment.',
    headers: { 'retry-after': '1' },
    cause: error,
  })
}
