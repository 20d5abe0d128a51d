/** Writes rows of the platform for the runtime itself: the same parse, validate, plan and execute, without authorization. */
import {
  type Connection,
  DatabaseError,
  invariant,
  type JsonObject,
  type Principal,
  REFUSED,
  type Statement,
} from '@backsaas/core'
import type { BoundSchema } from '../binding/bound-schema.ts'
import { translateDatabaseError } from '../errors/translate-database-error.ts'
import { DEFAULT_LIMITS } from '../http/limits.ts'
import { execute } from './execute.ts'
import { parse } from './parse.ts'
import { plan } from './plan.ts'
import { validate } from './validate.ts'

/** What is written, in the dialect's own words. */
export interface RowWrite {
  readonly method: 'POST' | 'PATCH' | 'DELETE'
  readonly entity: string
  /** As in a URL. */
  readonly query: string
  readonly body: JsonObject | readonly JsonObject[]
  /** As of the header. Default: `return=representation`. */
  readonly prefer?: string
  /** Not one row, no more and no less, and nothing is written. */
  readonly exactlyOne?: boolean
}

export interface Writer {
  readonly connection: Connection
  /** The platform's, before any rules. */
  readonly open: BoundSchema
  readonly tenantId: string
  readonly principal: Principal | null
}

/**
 * @returns the rows as they are now.
 * @throws as a request of the same words.
 * @example await writeRows(writer, { method: 'PATCH', entity: 'api_keys', query: 'id=eq.…&select=id', body: { revoked_at } })
 */
export async function writeRows(writer: Writer, write: RowWrite): Promise<readonly JsonObject[]> {
  const { connection, open, tenantId } = writer
  const { operation, statements } = planWrite(writer, write)
  const executed = await execute(connection, statements, operation, open, tenantId)
  return JSON.parse(executed.body) as readonly JsonObject[] // Postgres' own json_agg of rows
}

/**
 * Several writes that hold all or none, in one transaction and round trip.
 *
 * @returns false where one of `exactlyOne` found another number of rows.
 */
export async function writeTogether(writer: Writer, writes: readonly RowWrite[]): Promise<boolean> {
  const { connection, open } = writer
  const planned = writes.map((write) => planWrite(writer, write))
  try {
    await connection.batch(planned.flatMap(({ statements }) => statements))
    return true
  } catch (error) {
    if (error instanceof DatabaseError && error.fields.sqlState === REFUSED.notOne) return false
    const entity = planned.at(-1)?.operation.entity ?? ''
    throw error instanceof DatabaseError ? translateDatabaseError(error, open, open.compiled.entities[entity]) : error
  }
}

function planWrite(
  { open, tenantId, principal }: Writer,
  { method, entity, query, body, prefer = 'return=representation', exactlyOne = false }: RowWrite,
): { operation: ReturnType<typeof parse>['operation']; statements: readonly Statement[] } {
  const accept = exactlyOne ? 'application/vnd.pgrst.object+json' : 'application/json'
  const headers = new Headers({ 'content-type': 'application/json', prefer, accept })
  const { operation } = parse(
    {
      method,
      headers,
      query,
      body: JSON.stringify(body),
      entity,
      itemKey: null,
      schema: open.compiled,
      limits: DEFAULT_LIMITS,
    },
    null,
  )
  const compiled = open.compiled.entities[entity]
  invariant(compiled, `the platform has no entity ${entity}`)
  validate(operation, compiled)
  return { operation, statements: plan(open, operation, tenantId, principal) }
}
