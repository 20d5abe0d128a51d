/** What the runtime is to functions, for one request: how they ask, and where they write. */
import type { FunctionHost, FunctionMeans, Room, Statement } from '@backsaas/core'
import { type BoundSchema, TENANT } from '../binding/bound-schema.ts'
import { runtimeError } from '../errors/error-catalogue.ts'
import { ENTER_STATEMENT } from '../planner/plan-change.ts'
import { render } from '../planner/render.ts'
import type { CallingRequest } from './calling-request.ts'

export interface Functions {
  readonly host: FunctionHost
  readonly means: FunctionMeans
  readonly room: Room
}

/** @throws `FUNCTION_NOT_GIVEN` (503) where no plugin of functions is there. */
export function functionsOf(request: CallingRequest): Functions {
  const { means, room } = request.plugins
  if (means && room) return { host: hostOf(request), means, room }
  throw runtimeError('FUNCTION_NOT_GIVEN', 'the schema uses functions, and this server has none', {
    hint: 'Give them to `createRuntime`: plugins: [functions([…])] of @backsaas/plugins/functions.',
  })
}

function hostOf(request: CallingRequest): FunctionHost {
  const { schema, plugins, connection, tenantId } = request
  const { outside, sampleShare, ask } = plugins
  const tables = { events: schema.outbox, function_executions: schema.executions, function_counters: schema.counters }
  const { placementId, version, compiled } = schema
  return {
    ...{ tenantId, principal: request.principal, requestId: request.requestId, profile: request.profile },
    ...{ schema: compiled, placementId, version, depth: request.depth, scope: request.scope },
    ...{ observe: request.observe, outside, sampleShare, ask },
    registryRows: request.registryRows,
    run: async (statements) => (await connection.batch([enterAs(schema, tenantId), ...statements])).slice(1),
    table(entity) {
      const bound = tables[entity]
      if (!bound) return null
      const column = (field: string): string => render(bound.columns[field] ?? TENANT).text
      return { table: render(bound.table).text, tenant: render(TENANT).text, column }
    },
  }
}

/** What opens a transaction that is about no operation. */
function enterAs({ placementId, version }: BoundSchema, tenantId: string): Statement {
  const values = new Map<unknown, string>([
    ['tenant', tenantId],
    ['placement', placementId],
    ['version', String(version)],
  ])
  const { text, params } = ENTER_STATEMENT
  return { text, params: params.map((source) => values.get(source) ?? null) }
}
