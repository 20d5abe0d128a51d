/** The rows that an update or delete is about to change, as they are: the one case of a second round trip. */
import { DatabaseError, type FunctionRow, invariant, type Operation } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import { translateDatabaseError } from '../errors/translate-database-error.ts'
import { planOldRows } from '../planner/plan-old-rows.ts'
import type { DataRequest } from '../stages/data-request.ts'
import { fill } from '../stages/plan.ts'

/** Rows of one write whose hooks see what they were. */
const ROWS_MAX = 1000

export interface OldRows {
  /** Decimals and bigints as text. */
  readonly rows: readonly FunctionRow[]
  /** Of each row its key and version, by which the write finds out whether it is still the same. */
  readonly marks: readonly FunctionRow[]
}

/** @throws `FUNCTION_BUDGET` (422) where there are too many. */
export async function readOldRows(operation: Operation, request: DataRequest): Promise<OldRows> {
  const { schema, tenantId, principal, connection } = request
  const statement = fill(planOldRows(schema, operation, ROWS_MAX + 1), { schema, operation, tenantId, principal })
  const found = await connection.batch([statement]).catch((error: unknown) => {
    if (!(error instanceof DatabaseError)) throw error
    throw translateDatabaseError(error, schema, schema.compiled.entities[operation.entity])
  })
  const text = found[0]?.rows[0]?.[0]
  invariant(typeof text === 'string', 'old rows were asked for and not answered')
  const pairs = JSON.parse(text) as readonly { readonly row: FunctionRow; readonly mark: FunctionRow }[] // as planned
  if (pairs.length > ROWS_MAX)
    throw runtimeError('FUNCTION_BUDGET', `hooks would see more than ${ROWS_MAX} rows of ${operation.entity}`, {
      hint: 'Change fewer rows at once.',
    })
  return { rows: pairs.map(({ row }) => row), marks: pairs.map(({ mark }) => mark) }
}
