/** What a runtime is to the functions that it runs before a write and in calls: the request, and ways to ask and to write. */
import type { CompiledSchema } from './compiled.ts'
import type { Result, Statement } from './database.ts'
import type { JsonObject } from './json.ts'
import type { Observe } from './observation.ts'
import type { Outside } from './outside.ts'
import type { Identity, Principal } from './principal.ts'
import type { Scope } from './scope.ts'

/** A table of the platform's, its names quoted. */
export interface TableText {
  readonly table: string
  readonly tenant: string
  column(field: string): string
}

export interface FunctionHost {
  readonly tenantId: string
  readonly principal: Principal
  readonly requestId: string
  readonly schema: CompiledSchema
  readonly placementId: string
  readonly version: number
  readonly profile: string
  /** How many functions stand before it. */
  readonly depth: number
  readonly scope: Scope
  readonly observe: Observe | null
  readonly outside: Outside
  /** Of calls, the part that is written down. */
  readonly sampleShare: number
  /** @param unruled whether it goes past the rules of the tenant's roles. */
  ask(identity: Identity, request: Request, depth: number, unruled: boolean): Promise<Response>
  registryRows(entity: string, query: string): readonly JsonObject[] | Promise<readonly JsonObject[]>
  /** In a transaction of its own that has entered the tenant. */
  run(statements: readonly Statement[]): Promise<readonly Result[]>
  /** Null where the schema has no platform beside it that has it. */
  table(entity: 'events' | 'function_executions' | 'function_counters'): TableText | null
}
