/**
 * A data request from its identified caller to its answer, top to bottom:
 * parse → authorize → before → hooks → validate → plan → execute → answer. (`identify` comes before, `respond` after: they
 * hold for requests of every kind.)
 */
import {
  BackSaasError,
  type CompiledEntity,
  type Connection,
  type JsonObject,
  type Operation,
  type StageName,
} from '@backsaas/core'
import type { BoundSchema } from '../binding/bound-schema.ts'
import { runHooks } from '../hooks/run-hooks.ts'
import type { Address } from '../http/address.ts'
import { DEFAULT_LIMITS } from '../http/limits.ts'
import { readBody } from '../http/read-body.ts'
import type { Reply } from '../http/reply.ts'
import { answer } from './answer.ts'
import { authorize, authorizeMethod } from './authorize.ts'
import { before } from './before.ts'
import type { DataRequest } from './data-request.ts'
import { type Executed, execute } from './execute.ts'
import { parse } from './parse.ts'
import type { ParseInput } from './parsed.ts'
import { plan } from './plan.ts'
import { validate } from './validate.ts'
import { whyNoRow } from './why-no-row.ts'

/** How often hooks look at rows that others keep changing. */
const ATTEMPTS = 3

/**
 * @throws the client-facing `BackSaasError` of the stage that refused; `STALE_SCHEMA` where the caller should refresh
 *   the tenant's snapshot and run the stages once more.
 */
export async function runStages(request: DataRequest): Promise<Reply> {
  const { schema, limits } = request
  const time = timer(request)
  authorizeMethod(request)
  const parsed = parse(
    {
      method: request.request.method,
      headers: request.request.headers,
      query: request.address.query,
      body: await readBody(request.request, limits.bodyBytes),
      entity: request.entity,
      itemKey: request.itemKey === null ? null : lastSegment(request.address),
      schema: schema.served,
      ...inputsOf(request),
      limits,
    },
    schema,
  )
  time('parse')
  const allowed = await authorize(parsed.operation, request)
  time('authorize')
  const changed = await before(allowed, request)
  time('before')
  const { operation, executed } = await write(changed, parsed.entity, request, time)
  if (operation.item && executed.rows === 0) await whyNoRow(request, operation)
  return answer({ ...parsed, operation }, executed, request)
}

interface Written {
  readonly operation: Operation
  readonly executed: Executed
}

/** From the hooks on; once more where the rows that they saw have changed meanwhile. */
async function write(changed: Operation, entity: CompiledEntity, request: DataRequest, time: Timer): Promise<Written> {
  const { schema, tenantId, principal, connection } = request
  for (let attempt = 1; ; attempt++) {
    const operation = await runHooks(changed, request)
    time('hooks')
    // What hooks set may be a field that the caller may not give.
    const whole = operation === changed ? entity : (schema.compiled.entities[entity.name] ?? entity)
    validate(operation, whole)
    time('validate')
    const statements = plan(schema, operation, tenantId, principal, request)
    time('plan')
    try {
      const executed = await execute(connection, statements, operation, schema, tenantId)
      time('execute')
      return { operation, executed }
    } catch (error) {
      const again = error instanceof BackSaasError && error.code === 'ROW_CHANGED' && attempt < ATTEMPTS
      if (!again) throw error
    }
  }
}

/** Under rules, what may be written is not what may be read. */
function inputsOf({ schema, entity }: DataRequest): Pick<ParseInput, 'inputs'> {
  const inputs = schema.access?.inputs[entity]
  return inputs ? { inputs } : {}
}

/** What follows the entity in the path, as it was sent. */
function lastSegment({ path }: Address): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

type Timer = (stage: StageName) => void

/** Tells the stream how long each stage took; does nothing where nobody listens. */
function timer({ observe, requestId }: DataRequest): Timer {
  if (!observe) return () => undefined
  let last = performance.now()
  return (stage) => {
    const now = performance.now()
    observe({ kind: 'stage', requestId, stage, durationMs: now - last })
    last = now
  }
}

/**
 * Reads rows of the platform's own for the runtime itself: the same parse, plan and execute, without authorization.
 *
 * @param query as in a URL: `slug=eq.acme&select=id,slug`.
 * @example await readRows(connection, platform, SYSTEM_TENANT_ID, 'tenants', 'slug=eq.acme&select=id,slug')
 */
export async function readRows(
  connection: Connection,
  schema: BoundSchema,
  tenantId: string,
  entity: string,
  query: string,
): Promise<readonly JsonObject[]> {
  const { operation } = parse(
    {
      method: 'GET',
      headers: NO_HEADERS,
      query,
      body: '',
      entity,
      itemKey: null,
      schema: schema.compiled,
      limits: DEFAULT_LIMITS,
    },
    null,
  )
  const executed = await execute(connection, plan(schema, operation, tenantId, null), operation, schema, tenantId)
  return JSON.parse(executed.body) as readonly JsonObject[] // Postgres' own json_agg of rows
}

const NO_HEADERS = new Headers()
