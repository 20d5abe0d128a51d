/** Tells a row of another revision (412) from one that is not there (404). */
import type { Operation } from '@backsaas/core'
import type { DataRequest } from './data-request.ts'
import { execute } from './execute.ts'
import { preconditionFailed } from './parse.ts'
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
  const match = request.headers.get('if-match')
  if (match === null || match.trim() === '*') return
  const { input: _input, ...rest } = operation
  const where = operation.query.where.filter((c) => c.kind !== 'comparison' || c.path.field !== 'revision')
  const read: Operation = {
    ...rest,
    action: 'read',
    count: 'none',
    returning: 'representation',
    query: { select: [], where, order: [] },
  }
  const { rows } = await execute(connection, plan(schema, read, tenantId, principal), read, schema)
  if (rows > 0) throw preconditionFailed()
}
