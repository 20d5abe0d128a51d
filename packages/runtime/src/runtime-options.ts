/** What `createRuntime` takes and gives. */
import type { Bus, CompiledSchema, Database, Identity, Observe, Outside, Plugin } from '@backsaas/core'
import type { PostgrestClient } from '@supabase/postgrest-js'
import type { Context, ExecutionContext, Hono } from 'hono'
import type { Limits } from './http/limits.ts'
import type { IdentifyFunction } from './stages/identify-function.ts'

export interface RuntimeOptions {
  /** Served through its runtime login, and closed by `close()`: the runtime owns it. */
  readonly database: Database
  /**
   * Further databases of the platform, by the names that stores have them under; served and closed as `database` is, which alone has
   * the registry. What stands in one that is not given here, or cannot be reached, answers 503.
   *
   * @example createRuntime({ database: pg(process.env.DATABASE_URL), databases: { eu: pg(process.env.EU_URL) } })
   */
  readonly databases?: Readonly<Record<string, Database>>
  /** Heard where it can push; closed by who made it. Default: one in memory, within this process and closed with it. */
  readonly bus?: Bus
  /**
   * Schemas served to all tenants, besides what each has installed: the path of a YAML or JSON file (Node only), YAML
   * text, or a compiled schema. Each must be live in the database.
   */
  readonly schemas?: readonly (string | CompiledSchema)[]
  /** Names the caller from your own session; null passes on to plugins and API keys. */
  readonly identify?: IdentifyFunction
  readonly plugins?: readonly Plugin[]
  /** `example.com` makes `acme.example.com` the tenant `acme`'s. */
  readonly hostSuffix?: string
  readonly limits?: Partial<Limits>
  /**
   * The beat by which it learns what has changed, and is seen in `runtimes`; `false` for where nothing may run between
   * requests, as it is on Workers: then what is cached is renewed for its age.
   */
  readonly beat?: BeatOptions | false
  readonly observe?: Observe
  /** Of functions before a write and in calls, the part that is written into `function_executions`: 0 to 1, 0.001 unless given. */
  readonly sampleShare?: number
  /** What curated functions may use in requests: a way to the network, letters, opened secrets. Without it, those that need it are refused. */
  readonly outside?: Outside
}

export interface BeatOptions {
  /** How often, in milliseconds: 100 to 8,000; 5,000 unless given. An idle runtime sends one statement each time. */
  readonly leaseMs?: number
  /** What `runtimes` calls it; the host's name unless given. */
  readonly name?: string
}

export interface Runtime {
  /** To be mounted: `app.route('/api', backsaas.app)`. */
  readonly app: Hono
  /**
   * What the runtime and its plugins hear: the bus given, else one in memory. Something has to feed it from the table of
   * events; in one process that is a relay.
   *
   * @example const relay = await startRelay(database, backsaas.bus) // of @backsaas/migrator; close it before the runtime
   */
  readonly bus: Bus
  /** To be served by itself. */
  fetch(request: Request, env?: unknown, executionContext?: ExecutionContext): Promise<Response>
  /**
   * Checks login, control schema and schemas, once, and the logins of those further databases that answer within two seconds; requests wait for it by themselves, and try again where it failed.
   *
   * @throws `LOGIN_TOO_POWERFUL`, `NOT_BOOTSTRAPPED`, `SCHEMA_NOT_MIGRATED` …, each with what to do.
   */
  ready(): Promise<void>
  /**
   * The data API as a client in process: as the principal you name, or as whoever made the request you are serving.
   *
   * @throws `CLIENT_NOT_READY` before `ready()`; `CLIENT_NOT_INSTALLED` without `@supabase/postgrest-js`.
   * @example const { data } = await backsaas.for(c).from('contacts').select('id').limit(5)
   */
  // biome-ignore lint/suspicious/noExplicitAny: a path into a client of any database type
  for(caller: Identity | Context<any, any, any>): PostgrestClient
  /**
   * One request as the principal you name, without a client: for who does the work of functions.
   *
   * @param depth how many functions stand between it and a request from outside; too many are refused.
   * @param unruled whether it goes past the rules of the tenant's roles; its tenant it never leaves.
   */
  ask(identity: Identity, request: Request, depth?: number, unruled?: boolean): Promise<Response>
  /**
   * Takes no more requests (503), waits for those under way, then closes the database.
   *
   * @param options.drainMs how long to wait at most; 10 s unless given.
   */
  close(options?: { readonly drainMs?: number }): Promise<void>
}
