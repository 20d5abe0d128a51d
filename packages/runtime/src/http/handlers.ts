/** What the routes do: health, a data request through the stages, a plugin's route. */
import {
  BackSaasError,
  type CompiledSchema,
  type Connection,
  type Observe,
  PLATFORM_PLACEMENT_ID,
  type Route,
  type RouteContext,
} from '@backsaas/core'
import type { AccessControl, Holder } from '../access/create-access.ts'
import type { BoundSchema } from '../binding/bound-schema.ts'
import { readAccept } from '../dialect/media.ts'
import { runtimeError } from '../errors/error-catalogue.ts'
import { presentable } from '../errors/problem-response.ts'
import type { AskData } from '../event-stream/event-reader.ts'
import { serveEvents } from '../event-stream/serve-events.ts'
import type { StreamHub } from '../event-stream/stream-hub.ts'
import type { BuiltInFunction } from '../functions/function-request.ts'
import { tally } from '../observation/tally.ts'
import type { LoadedPlugins } from '../plugins/load-plugins.ts'
import { runPlugin } from '../plugins/run-plugin.ts'
import { isStale, isUnknownName } from '../registry/is-stale.ts'
import { askedVersion, atVersion, versionHeaders } from '../registry/live-versions.ts'
import type { NamedDatabases } from '../registry/named-databases.ts'
import type { Registry } from '../registry/registry.ts'
import type { Profile, Tenant } from '../registry/registry-rows.ts'
import { selectProfile } from '../registry/select-profile.ts'
import type { DataRequest } from '../stages/data-request.ts'
import type { Identified, IdentifyOptions } from '../stages/identify.ts'
import { letIn } from '../stages/let-in.ts'
import { runStages } from '../stages/run-stages.ts'
import { type Call, requestContext } from './call.ts'
import { limitBody } from './limit-body.ts'
import type { Limits } from './limits.ts'
import { createPing } from './ping-database.ts'
import type { Reply } from './reply.ts'
import type { Handlers } from './routes.ts'
import { createDocuments } from './show-document.ts'
import { tenantNames } from './tenant-names.ts'

export interface HandlerOptions {
  readonly registry: Registry
  readonly databases: NamedDatabases
  readonly access: AccessControl
  readonly limits: Limits
  readonly plugins: LoadedPlugins
  readonly observe: Observe | null
  readonly identifying: IdentifyOptions
  readonly hub: StreamHub
  /** Null once ready, else what to wait for. */
  ready(call: Call): Promise<void> | null
}

export function createHandlers(options: HandlerOptions): Omit<Handlers, 'serve'> {
  const ping = createPing()
  const showDocument = createDocuments()
  const handlers: Omit<Handlers, 'serve' | 'events'> = {
    /** Answers while a request could be served; else it says why not. */
    async health(call) {
      await waitUntilReady(call, options)
      await orNotReady(ping(call))
      return Response.json({ status: 'ok' })
    },

    document: (call, name) => showDocument(name, call),

    async data(call, pathTenant, entity, itemKey) {
      await waitUntilReady(call, options)
      const identified = await letIn(call, pathTenant, options.identifying)
      return onProfile(call, identified, options, (profile) =>
        runOnProfile(call, identified, profile, entity, itemKey, options),
      )
    },

    async callFunction(call, pathTenant, run) {
      await waitUntilReady(call, options)
      const identified = await letIn(call, pathTenant, options.identifying)
      return onProfile(call, identified, options, (profile) => runFunction(call, identified, profile, run, options))
    },

    async pluginRoute(call, pathTenant, { plugin, route }) {
      await waitUntilReady(call, options)
      const { plugins, observe, identifying, limits } = options
      const tenant =
        route.principal === false
          ? namedTenant(call, pathTenant, identifying.hostSuffix)
          : (await letIn(call, pathTenant, identifying)).tenant.slug
      const context: RouteContext = {
        ...requestContext(call, plugins.for),
        request: limitBody(call.request, limits.bodyBytes),
        params: routeParams(call, route),
        ...(tenant === null ? {} : { tenant }),
      }
      return runPlugin(plugin, { plugins, observe, requestId: call.requestId }, () => route.handle(context))
    },
  }
  const { identifying, observe, hub } = options
  const ask: AskData = (call, pathTenant, entity) => handlers.data(call, pathTenant, entity, null)
  return {
    ...handlers,
    async events(call, pathTenant) {
      await waitUntilReady(call, options)
      return serveEvents(call, pathTenant, { identifying, observe, hub, ask })
    },
  }
}

/**
 * The tenant that an open route is asked for, as it is written: not looked up, so nobody learns here which exist. A host
 * that a tenant registered is left out: only a look-up could tell.
 *
 * @throws `TENANT_NAME_INVALID`, `TENANT_MISMATCH` (400).
 */
function namedTenant(call: Call, pathTenant: string | null, hostSuffix: string | null): string | null {
  const names = tenantNames(call.request, call.address.host, pathTenant, hostSuffix).filter(({ by }) => by !== 'host')
  const [first] = names
  if (names.some(({ value }) => value !== first?.value))
    throw runtimeError('TENANT_MISMATCH', 'host, path and header name different tenants', {
      hint: 'Name the tenant once, or the same everywhere.',
    })
  return first?.value ?? null
}

async function waitUntilReady(call: Call, { ready }: HandlerOptions): Promise<void> {
  const starting = ready(call)
  if (starting) await orNotReady(starting)
}

/** @throws 503 with the code and hint of what is wrong; all of it is for the operator, who is told by the observation. */
async function orNotReady(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    const { code, hint } = presentable(error)
    throw new BackSaasError(code === 'INTERNAL' ? 'NOT_READY' : code, 503, 'the server is not ready', {
      hint,
      headers: { 'retry-after': '2' },
      cause: error,
    })
  }
}

/** Runs on the profile that is asked; once more on a newer schema where this one turns out to be gone, with the same body. */
async function onProfile(
  call: Call,
  { tenant }: Identified,
  { registry }: HandlerOptions,
  run: (profile: Profile) => Promise<Reply>,
): Promise<Reply> {
  const asked = askedVersion(call.request)
  const profiles = await registry.profiles(tenant.id, call)
  const profile = selectProfile(call.request, profiles, tenant.slug)
  try {
    return await (asked === null ? run(profile) : runAtVersion(call, profile, asked, registry, run))
  } catch (error) {
    if (!isStale(error) && !isUnknownName(error)) throw error
    if (isStale(error)) await registry.refresh(tenant.id, profiles, profile, call)
    else await registry.renewInstalls(tenant.id, profiles, call)
    const renewed = selectProfile(call.request, await registry.profiles(tenant.id, call), tenant.slug)
    // A name that nobody knows is one that the newest version does not have either.
    if (!isStale(error) && renewed.version === profile.version && renewed.placementId === profile.placementId)
      throw error
    return await (asked === null ? run(renewed) : runAtVersion(call, renewed, asked, registry, run))
  }
}

/** What is asked for by name is told when it ends. */
async function runAtVersion(
  call: Call,
  selected: Profile,
  asked: number,
  registry: Registry,
  run: (profile: Profile) => Promise<Reply>,
): Promise<Reply> {
  const known = await registry.liveVersions(selected.placementId, call)
  const isKnown = known.some(({ version }) => version === asked)
  // It may have come to serve a moment ago.
  const live = isKnown ? known : await registry.liveVersions(selected.placementId, call, known)
  const { profile, version } = atVersion(selected, live, asked)
  const reply = await run(profile)
  return { ...reply, headers: { ...reply.headers, ...versionHeaders(version) } }
}

async function runOnProfile(
  call: Call,
  { tenant, principal }: Identified,
  profile: Profile,
  entity: string,
  itemKey: string | null,
  options: HandlerOptions,
): Promise<Reply> {
  const bound = options.registry.schema(profile, call)
  const open = bound instanceof Promise ? await bound : bound
  const schema = isUnruled(options, call) ? open : await options.access.view(open, tenant.id, principal, call)
  const startedAt = performance.now()
  try {
    const connection = await options.databases.connect(open, call)
    const request = dataRequest(call, { tenant, principal }, profile, schema, connection, entity, itemKey, options)
    const reply = await runStages(request)
    tally(open.uses, reply.status, performance.now() - startedAt)
    return reply
  } catch (error) {
    // What is stale is asked once more, and is no answer.
    if (!isStale(error)) tally(open.uses, presentable(error).status, performance.now() - startedAt)
    throw error
  }
}

async function runFunction(
  call: Call,
  identified: Identified,
  profile: Profile,
  run: BuiltInFunction,
  options: HandlerOptions,
): Promise<Reply> {
  const { contentType, format } = readAccept(call.request.headers.get('accept'))
  if (format === 'csv') throw new BackSaasError('PGRST107', 406, 'None of these media types are available: text/csv')
  const { tenant, principal } = identified
  const open = await options.registry.schema(profile, call)
  const viewOf = (holder: Holder): BoundSchema | Promise<BoundSchema> =>
    options.access.view(open, tenant.id, holder, call)
  const schema = await viewOf(principal)
  const connection = await options.databases.connect(open, call)
  const request = dataRequest(call, identified, profile, schema, connection, '', null, options)
  const answer = await run({ ...request, basePath: basePath(call.address.path, 2), open, viewOf })
  const headers = { 'content-type': contentType, 'content-profile': profile.name, ...answer.headers }
  return { status: answer.status, headers, body: JSON.stringify(answer.body) }
}

function dataRequest(
  call: Call,
  { tenant, principal }: Identified,
  profile: Profile,
  schema: BoundSchema,
  connection: Connection,
  entity: string,
  itemKey: string | null,
  options: HandlerOptions,
): DataRequest {
  const { registry, limits, plugins, observe } = options
  return {
    request: call.request,
    address: call.address,
    entity,
    itemKey,
    basePath: basePath(call.address.path, itemKey === null ? 1 : 2),
    requestId: call.requestId,
    scope: call.scope,
    connection,
    tenantId: tenant.id,
    principal,
    schema,
    limits,
    plugins,
    observe,
    profile: profile.name,
    depth: depthOf(options, call),
    unruled: isUnruled(options, call),
    schemas: () => schemasOf(tenant, registry, call),
    registryRows: (entity, query) => registry.rows(tenant.id, entity, query, call),
  }
}

function isUnruled({ identifying }: HandlerOptions, { request }: Call): boolean {
  const caller = identifying.callers.get(request)
  return caller !== undefined && 'identity' in caller && caller.unruled === true
}

function depthOf({ identifying }: HandlerOptions, { request }: Call): number {
  const caller = identifying.callers.get(request)
  return caller && 'identity' in caller ? (caller.depth ?? 0) : 0
}

async function schemasOf(tenant: Tenant, registry: Registry, call: Call): Promise<readonly CompiledSchema[]> {
  const profiles = await registry.profiles(tenant.id, call)
  const own = profiles.filter(({ placementId }) => placementId !== PLATFORM_PLACEMENT_ID)
  const bound = await Promise.all(own.map((profile) => registry.schema(profile, call)))
  return bound.map(({ compiled }) => compiled)
}

/** The path as the client sees it, without its last segments: so where the app is mounted stays in every link. */
function basePath(path: string, segments: number): string {
  let end = path.length
  for (let i = 0; i < segments; i++) end = path.lastIndexOf('/', end - 1)
  return path.slice(0, end)
}

/** The route's own parameters, without the tenant of the runtime's prefix. */
function routeParams(call: Call, route: Route): Readonly<Record<string, string>> {
  const { tenant: _tenant, ...params } = call.context.req.param() as Record<string, string> // of a path known at run time
  return route.path.includes(':') ? params : {}
}
