/** A write that undid itself → what the caller is told of why. */
import { BackSaasError, type CompiledEntity, type DatabaseError, REFUSED } from '@backsaas/core'

/** @returns null where it is no such refusal. */
export function refusedWrite(error: DatabaseError, entity: CompiledEntity): BackSaasError | null {
  const { sqlState, serverDetail = '' } = error.fields
  if (sqlState === REFUSED.maxAffected) return tooManyAffected(error)
  if (sqlState === REFUSED.forbidden) return forbidden(error, serverDetail, entity)
  if (sqlState === REFUSED.changed)
    return new BackSaasError('ROW_CHANGED', 409, 'the rows kept changing while their hooks ran; try again', {
      cause: error,
    })
  if (sqlState === REFUSED.check) return checkFailed(error, Number(serverDetail), entity)
  return null
}

function tooManyAffected(error: DatabaseError): BackSaasError {
  return new BackSaasError('PGRST124', 400, 'Query result exceeds max-affected preference constraint', {
    details: `The query affects ${error.fields.serverDetail} rows`,
    cause: error,
  })
}

/** @param what the action whose rules refuse; `read` where the caller asked for a row that they may not see. */
function forbidden(error: DatabaseError, what: string, { name }: CompiledEntity): BackSaasError {
  const hint =
    what === 'read'
      ? 'The row as written could not be read by its writer: ask for nothing back, with Prefer: return=minimal.'
      : 'The access rules of the schema say what a row may become.'
  const message =
    what === 'read'
      ? `permission denied to read the row of ${name}`
      : `permission denied to ${what} such a row of ${name}`
  return new BackSaasError('42501', 403, message, { hint, cause: error })
}

function checkFailed(error: DatabaseError, index: number, { name, checks = [] }: CompiledEntity): BackSaasError {
  const field = checks[index]?.field
  return new BackSaasError('23514', 400, `new row for relation "${name}" violates a check of ${field ?? name}`, {
    errors: [{ pointer: field === undefined ? '' : `/${field}`, code: 'check', detail: 'does not satisfy its check' }],
    cause: error,
  })
}
