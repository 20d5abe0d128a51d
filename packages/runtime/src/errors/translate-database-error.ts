/** What Postgres refused → what the caller is told: SQLSTATE as the code, logical names only. */
import { BackSaasError, type CompiledEntity, type DatabaseError, FENCE, JOBS_FULL } from '@backsaas/core'
import type { BoundSchema } from '../binding/bound-schema.ts'
import { constraintError } from './constraint-error.ts'
import { runtimeError } from './error-catalogue.ts'
import { refusedWrite } from './refused-write.ts'

const STALE: ReadonlySet<string> = new Set([FENCE.retired, '42P01', '42703', '0A000'])

/** SQLSTATE classes and codes with the dialect's status. https://docs.postgrest.org/en/v13/references/errors.html */
const STATUS: Readonly<Record<string, readonly [status: number, message: string | null]>> = {
  '42883': [404, null],
  '42704': [400, 'there is no such text search configuration'],
  '42846': [400, null],
  '42803': [400, 'a column is neither grouped nor aggregated'],
  '42804': [400, 'the types of an expression do not fit'],
  '42601': [400, 'the expression is not valid'],
  '42P18': [400, 'the type of a value cannot be told'],
  '42P10': [400, 'there is no unique or exclusion constraint matching the ON CONFLICT specification'],
  '42501': [403, 'permission denied'],
  '57014': [504, 'the statement took too long and was stopped'],
  '40001': [503, 'the write met another one; try again'],
  '40P01': [503, 'the write met another one; try again'],
  '25006': [503, 'the database is read-only at the moment'],
  '55P03': [503, 'the row is locked; try again'],
  '21000': [400, 'one statement cannot write the same row twice'],
}

/**
 * @param entity the one that was asked.
 * @returns the error to answer with; `STALE_SCHEMA` (503) where the runtime should refresh and try once more.
 */
export function translateDatabaseError(
  error: DatabaseError,
  schema: BoundSchema,
  entity: CompiledEntity | undefined,
): BackSaasError {
  const { sqlState } = error.fields
  if (STALE.has(sqlState))
    return new BackSaasError('STALE_SCHEMA', 503, 'the schema is changing; try again', {
      cause: error,
      headers: { 'retry-after': '1' },
    })
  if (sqlState === FENCE.suspended)
    return new BackSaasError('TENANT_SUSPENDED', 403, 'this tenant is suspended', { cause: error })
  if (sqlState === JOBS_FULL)
    return runtimeError('JOBS_TOO_MANY', `${error.fields.serverDetail} jobs of this tenant wait already`, {
      hint: 'Ask again when some have ended: GET /rest/v1/jobs?finished_at=is.null shows them.',
      headers: { 'retry-after': '2' },
      cause: error,
    })
  const refused = entity ? refusedWrite(error, entity) : null
  if (refused) return refused
  if (sqlState.startsWith('23')) return constraintError(error, schema)
  const known = STATUS[sqlState]
  if (known)
    return new BackSaasError(sqlState, known[0], known[1] ?? error.message, {
      cause: error,
      ...(known[0] === 503 ? { headers: { 'retry-after': '1' } } : {}),
    })
  // Class 22 speaks of values and types only.
  if (sqlState.startsWith('22')) return new BackSaasError(sqlState, 400, error.message, { cause: error })
  if (sqlState.startsWith('54'))
    return new BackSaasError(sqlState, 413, 'the request is too complex for the database', { cause: error })
  if (/^(?:08|53|57)/.test(sqlState))
    return new BackSaasError('DATABASE_UNREACHABLE', 503, 'the database cannot be reached', {
      cause: error,
      headers: { 'retry-after': '2' },
    })
  return new BackSaasError('INTERNAL', 500, 'something went wrong on our side', { cause: error })
}
