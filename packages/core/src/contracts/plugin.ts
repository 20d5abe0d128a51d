/** A plugin is plain, inspectable, frozen data in closed slots; a tenant's schema compiles to one too. */
import type { ErrorCatalogue } from '../errors/backsaas-error.ts'
import type { FunctionMeans } from '../functions/function-means.ts'
import type { CompiledEntity, CompiledSchema } from './compiled.ts'
import type { Decisions, PolicyRow } from './decisions.ts'
import type { Event } from './event.ts'
import type { FunctionDefinition } from './function.ts'
import type { JsonObject } from './json.ts'
import type { Operation } from './operation.ts'
import type { Identity, Principal } from './principal.ts'
import type { Scope } from './scope.ts'

export interface Plugin {
  /** Unique among the plugins of a runtime: lower-case words joined by `-`. */
  readonly name: string
  /** Names of plugins that must be there too. */
  readonly requires?: readonly string[]
  /** Entities of its own: YAML text or a compiled schema, migrated like any schema and served as the profile of its name. */
  readonly schema?: string | CompiledSchema
  /** The codes it throws. The status here holds, whatever an error is thrown with. */
  readonly errors?: ErrorCatalogue
  /** What schemas may name in `hooks:` and `functions:`, and clients may call where they are callable. */
  readonly functions?: readonly FunctionDefinition[]
  /** What these need beyond rows: `FUNCTION_MEANS`; without it they have the row and `data` alone. */
  readonly means?: FunctionMeans
  readonly routes?: readonly Route[]
  readonly stages?: Stages
  /** Decides for all schemas that have access rules; at most one plugin does. */
  readonly access?: AccessDecider
  /** Called for each event of a type the runtime hears on its bus, at least once; `*` for every type. */
  readonly on?: Readonly<Record<string, (event: Event, context: PluginContext) => void | Promise<void>>>
}

/** Makes decisions of rules: when a schema is loaded and when a tenant's policies change, never for a request. */
export interface AccessDecider {
  /**
   * @param policies the tenant's own, of this schema.
   * @returns with `faults` where policies do not compile: they close what they speak of, and open nothing.
   * @throws where nothing can be decided, as `POLICY_NOT_COMPILED` (503) on the edge; nobody is let in then.
   */
  decide(schema: CompiledSchema, policies: readonly PolicyRow[]): Decisions | Promise<Decisions>
}

/** Each stage is asked in the order the plugins are given; the value of one goes into the next. */
export interface Stages {
  /**
   * Before anything is looked up: may answer in place of all that follows (a CORS preflight), or throw to refuse. Of every request
   * that comes from outside but those for health.
   */
  arrive?(context: ArriveContext): Response | null | Promise<Response | null>
  /**
   * Names the caller, or passes by answering null. The first plugin that names one decides. An API key that came in
   * `apikey` besides must be valid, and of the same tenant.
   */
  identify?(request: Request, context: IdentifyContext): Identity | null | Promise<Identity | null>
  /** Once tenant and caller are known, before the request is read: throws to refuse, or waits until there is room. */
  admit?(context: AdmitContext): void | Promise<void>
  /** Narrows the operation, or throws to deny it. */
  authorize?(operation: Operation, context: OperationContext): Operation | Promise<Operation>
  /** May change the input of a write before it is validated. */
  before?(operation: Operation, context: OperationContext): Operation | Promise<Operation>
  /** May change the response of a data request, errors included. */
  respond?(response: Response, context: RequestContext): Response | Promise<Response>
}

export interface PluginContext {
  readonly scope: Scope
  /** The data API as this principal: a `@supabase/postgrest-js` client, typed loosely here because it is an optional peer. */
  readonly for: (principal: Identity) => DataClient
}

/** What a plugin may look up to find out who asks: from memory, for at most 15 seconds. */
export interface IdentifyContext extends PluginContext {
  /** The tenant that the caller's path, header, host or API key name, proven by nothing; null where none of them names one. */
  namedTenant(): NamedTenant | null | Promise<NamedTenant | null>
  /** The tenant of that slug or id; null where there is none. */
  tenant(name: string): NamedTenant | null | Promise<NamedTenant | null>
  /**
   * Rows of a tenant's registry, at most a page; none where the tenant is suspended, or this database's registry has no such entity.
   *
   * @param query as in a URL: `status=eq.live&select=id,email`.
   */
  registryRows(tenantId: string, entity: string, query: string): readonly JsonObject[] | Promise<readonly JsonObject[]>
}

export interface NamedTenant {
  readonly id: string
  readonly slug: string
  /** What the operator has it on; null where nothing is said. */
  readonly plan: string | null
}

export interface ArriveContext extends IdentifyContext {
  readonly request: Request
  readonly requestId: string
  /** At the other end of the connection; null where the platform does not tell. */
  readonly remoteAddress: string | null
  /** Of the response, whatever it comes to be; `vary` is added to. */
  setHeader(name: string, value: string): void
  /** Runs `callback` once the response is made. */
  ended(callback: () => void): void
}

export interface AdmitContext extends ArriveContext {
  readonly principal: Principal
  readonly admitted: NamedTenant
  /** How many operations the request asks for: each counts. */
  readonly operations: number
}

export interface RequestContext extends PluginContext {
  readonly request: Request
  readonly requestId: string
  /** Absent where the request failed before its caller was known. */
  readonly principal?: Principal
}

export interface OperationContext extends RequestContext {
  readonly principal: Principal
  readonly schema: CompiledSchema
  readonly entity: CompiledEntity
  /** Every schema that the tenant has: its installs' versions and those given in code; the platform's own is not among them. */
  schemas(): Promise<readonly CompiledSchema[]>
}

/** The part of `@supabase/postgrest-js`' `PostgrestClient` that a plugin may rely on without importing it. */
export interface DataClient {
  // biome-ignore lint/suspicious/noExplicitAny: the client's builders are generic over a database type that only the caller knows
  from(entity: string): any
  // biome-ignore lint/suspicious/noExplicitAny: as above
  schema(profile: string): any
}

/** A route of a plugin, under the runtime's base path, described well enough for OpenAPI. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Hono's syntax, from the runtime's root; `/t/:tenant` in front is added by the runtime. */
  readonly path: string
  readonly summary: string
  readonly description?: string
  /** Whether a principal must be known; default true. */
  readonly principal?: boolean
  readonly parameters?: readonly {
    readonly name: string
    readonly in: 'query' | 'path' | 'header'
    readonly description: string
    readonly required?: boolean
  }[]
  readonly responses: Readonly<Record<string, { readonly description: string }>>
  handle(context: RouteContext): Response | Promise<Response>
}

export interface RouteContext extends RequestContext {
  readonly params: Readonly<Record<string, string>>
  /**
   * The tenant asked: the principal's, by its slug. On an open route what path, header or `<slug>.<host suffix>` name, as
   * it is written there (slug or id) and proven by nothing, not even to exist; absent where none of them names one.
   */
  readonly tenant?: string
}

/** Gives a plugin its exact type and freezes it, with all the plain data in it. */
export function definePlugin<const P extends Plugin>(plugin: P): P {
  freeze(plugin, new WeakSet())
  return plugin
}

/** Lists and plain objects only: what has a prototype of its own is not data. */
function freeze(value: unknown, seen: WeakSet<object>): void {
  if (value === null || typeof value !== 'object' || seen.has(value)) return
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return
  seen.add(value)
  for (const part of Object.values(value)) freeze(part, seen)
  Object.freeze(value)
}
