/** What the stages are given. */
import type { CompiledSchema, Connection, JsonObject, Observe, Principal, Scope } from '@backsaas/core'
import type { BoundSchema } from '../binding/bound-schema.ts'
import type { Address } from '../http/address.ts'
import type { Limits } from '../http/limits.ts'
import type { LoadedPlugins } from '../plugins/load-plugins.ts'

/** A request whose tenant, caller and schema are known. */
export interface DataRequest {
  readonly request: Request
  readonly address: Address
  readonly entity: string
  /** What follows the entity in the path, decoded; null where nothing does. */
  readonly itemKey: string | null
  /** What stands before `/{entity}`, for links: `/api/t/acme/rest/v1`. */
  readonly basePath: string
  readonly requestId: string
  readonly scope: Scope
  /** To the database that the tables of `schema` are in. */
  readonly connection: Connection
  readonly tenantId: string
  readonly principal: Principal
  readonly schema: BoundSchema
  /** The name that the tenant knows the schema by. */
  readonly profile: string
  /** Every schema that the tenant has, the platform's own left out. */
  schemas(): Promise<readonly CompiledSchema[]>
  /** Rows of the tenant's registry, from memory where they are known. */
  registryRows(entity: string, query: string): readonly JsonObject[] | Promise<readonly JsonObject[]>
  /** How many functions stand between this request and one that came from outside. */
  readonly depth: number
  /** Asked by a function, past the rules of the tenant's roles. */
  readonly unruled: boolean
  readonly limits: Limits
  readonly plugins: LoadedPlugins
  readonly observe: Observe | null
}
