/** Tells a row of another revision (412) from one that is not there (404). */
import type { Operation } from '@backsaas/core'
import { preconditionFailed } from '../dialect/read-precondition.ts'
import { embedsOf } from '../planner/scope.ts'
import type { DataRequest } from './data-request.ts'
import { execute } from './execute.ts'
import { plan } from './plan.ts'

/**
 * Asks for the row once more without `If-Match`; returns where it is not there either.
 *
 * @throws `PRECONDITION_FAILED` (412) where it is there.
 */
export async function whyNoRow(
  { request, schema, connection, tenantId, principal }: DataRequest,
  operation: Operation,
): Promise<void> {
  // Without its precondition a PUT would have been done.
  if (request.method === 'PUT') throw preconditionFailed()
  const match = request.headers.get('if-match')
  if (match === null || match.trim() === '*') return
  const { input: _input, ...rest } = operation
  const where = operation.query.where.filter((c) => c.kind !== 'comparison' || c.path.field !== 'revision')
  const read: Operation = {
    ...rest,
    action: 'read',
    count: 'none',
    returning: 'representation',
    query: { select: embedsOf(operation.query), where, order: [] },
  }
  const { rows } = await execute(connection, plan(schema, read, tenantId, principal), read, schema, tenantId)
  if (rows > 0) throw preconditionFailed()
}
