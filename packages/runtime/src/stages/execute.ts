/** Runs the planned statements in one round trip and reads what every plan answers with. */
import { type Connection, DatabaseError, invariant, type Operation, REFUSED, type Statement } from '@backsaas/core'
import type { BoundSchema } from '../binding/bound-schema.ts'
import { translateDatabaseError } from '../errors/translate-database-error.ts'
import { batchHints } from './batch-hints.ts'

export interface Executed {
  /** Rows in `body`, or written. */
  readonly rows: number
  /** A JSON array, as Postgres built it. */
  readonly body: string
  /** Rows without limit; null where it was not asked for. */
  readonly total: number | null
  readonly revision: string | null
  /** Of an upsert, the rows that were not there before; null otherwise. */
  readonly inserted: number | null
}

/**
 * @throws the client-facing error of whatever Postgres refused; `STALE_SCHEMA` (503) where the schema has moved on.
 */
export async function execute(
  connection: Connection,
  statements: readonly Statement[],
  operation: Operation,
  schema: BoundSchema,
  tenantId: string,
): Promise<Executed> {
  if (statements.length === 0)
    return { rows: 0, body: '[]', total: operation.count === 'none' ? null : 0, revision: null, inserted: null }
  const row = await answerRow(connection, statements, operation, schema, tenantId)
  const [body, ...rest] = row
  invariant(typeof body === 'string', 'a statement answered without a body')
  const space = body.indexOf(' ')
  const rows = Number(body.slice(0, space))
  const counted = operation.action === 'read' && operation.count !== 'none'
  const total = counted ? Number(rest.shift()) : operation.count === 'none' ? null : rows
  const inserted = operation.upsert ? Number(rest.shift()) : null
  const revision = operation.item ? (rest.shift() ?? null) : null
  return { rows, body: body.slice(space + 1), total, revision, inserted }
}

async function answerRow(
  connection: Connection,
  statements: readonly Statement[],
  operation: Operation,
  schema: BoundSchema,
  tenantId: string,
): Promise<readonly (string | null)[]> {
  try {
    const results = await connection.batch(statements, batchHints(operation, statements, schema, tenantId))
    const result = results.at(-1)
    const row = result?.rows[0]
    if (row) return row
    invariant(result && operation.action !== 'read', 'a read answered no row')
    return [`${result.count} []`]
  } catch (error) {
    const undone = error instanceof DatabaseError ? answerOfUndone(error, operation) : null
    if (undone !== null) return undone
    throw error instanceof DatabaseError
      ? translateDatabaseError(error, schema, schema.compiled.entities[operation.entity])
      : error
  }
}

/** A write that undid itself brings its answer in the error: what it had, or how many rows. */
function answerOfUndone({ fields }: DatabaseError, { upsert, item }: Operation): readonly (string | null)[] | null {
  const { sqlState, serverDetail = '' } = fields
  if (sqlState === REFUSED.notOne) return [`${serverDetail || '0'} []`, ...(upsert ? ['0'] : [])]
  if (sqlState !== REFUSED.rollback) return null
  const [, inserted, revision, body] = /^(\S+) (\S+) (.*)$/s.exec(serverDetail) ?? []
  invariant(body !== undefined, 'a write was undone without its answer')
  return [body, ...(upsert ? [inserted ?? null] : []), ...(item ? [revision === '-' ? null : (revision ?? null)] : [])]
}
