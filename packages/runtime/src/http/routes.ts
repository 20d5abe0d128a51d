/** The routes of a runtime: health, data, events, plugins', and an answer in the error shape for the rest. */
import { nearestName } from '@backsaas/core'
import { type Context, Hono } from 'hono'
import { runtimeError } from '../errors/error-catalogue.ts'
import { BUILT_IN_FUNCTIONS } from '../functions/built-in-functions.ts'
import { callCurated } from '../functions/call-curated.ts'
import type { BuiltInFunction } from '../functions/function-request.ts'
import type { GivenRoute, LoadedPlugins } from '../plugins/load-plugins.ts'
import type { Finish } from '../stages/respond.ts'
import type { Call } from './call.ts'
import type { Reply } from './reply.ts'
import type { Handle } from './serve-request.ts'
import { DOCUMENT_NAMES } from './show-document.ts'

export interface Handlers {
  serve(context: Context, finish: Finish, handle: Handle): Promise<Response>
  health(call: Call): Promise<Response>
  document(call: Call, name: string): Promise<Response>
  data(call: Call, pathTenant: string | null, entity: string, itemKey: string | null): Promise<Reply>
  callFunction(call: Call, pathTenant: string | null, run: BuiltInFunction): Promise<Reply>
  events(call: Call, pathTenant: string | null): Promise<Response>
  pluginRoute(call: Call, pathTenant: string | null, given: GivenRoute): Promise<Response>
}

/** Both ask whether a request could be served: two names, since platforms have either. */
const HEALTH_PATHS = ['/healthz', '/readyz'] as const
const ENTITY_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'
const FUNCTION_METHODS = 'POST, OPTIONS'
const EVENTS_METHODS = 'GET, HEAD, OPTIONS'
const ITEM_METHODS = 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS'
/** Before every data and plugin route: none, or the tenant in the path. */
const PREFIXES = ['', '/t/:tenant'] as const

/** Built once; hono matches, nothing is compiled per request. */
export function createRoutes(plugins: LoadedPlugins, handlers: Handlers): Hono {
  const app = new Hono()
  const { serve } = handlers
  const curated = curatedCalls(plugins)
  for (const path of HEALTH_PATHS) {
    app.get(path, (c) => serve(c, 'health', handlers.health))
    app.all(path, (c) => serve(c, 'health', methodNotAllowed('GET, HEAD')))
  }
  for (const name of DOCUMENT_NAMES) {
    app.get(`/schemas/${name}`, (c) => serve(c, 'headers', (call) => handlers.document(call, name)))
    app.all(`/schemas/${name}`, (c) => serve(c, 'headers', methodNotAllowed('GET, HEAD')))
  }
  for (const prefix of PREFIXES) {
    app.all(`${prefix}/rest/v1/:entity`, (c) => serve(c, 'data', entityHandle(c, handlers)))
    // A route of its own for rpc would be ambiguous, which hono's fastest router refuses.
    app.all(`${prefix}/rest/v1/:entity/:key`, (c) =>
      c.req.param('entity') === 'rpc'
        ? serve(c, 'headers', functionHandle(c, curated, handlers))
        : serve(c, 'data', itemHandle(c, handlers)),
    )
    app.all(`${prefix}/events`, (c) => serve(c, 'headers', eventsHandle(c, handlers)))
  }
  addPluginRoutes(app, plugins, handlers)
  // Mounted in an app of the developer's, what is not ours is theirs to answer.
  for (const path of ['/rest/*', '/t/*']) app.all(path, (c) => serve(c, 'headers', notFound))
  app.notFound((c) => serve(c, 'headers', notFound))
  return app
}

function entityHandle(c: Context, handlers: Handlers): Handle {
  if (c.req.raw.method === 'OPTIONS') return allow(ENTITY_METHODS)
  return (call) => handlers.data(call, c.req.param('tenant') ?? null, c.req.param('entity') ?? '', null)
}

function itemHandle(c: Context, handlers: Handlers): Handle {
  const { method } = c.req.raw
  if (method === 'OPTIONS') return allow(ITEM_METHODS)
  if (method === 'POST') return methodNotAllowed(ITEM_METHODS)
  return (call) =>
    handlers.data(call, c.req.param('tenant') ?? null, c.req.param('entity') ?? '', c.req.param('key') ?? '')
}

function eventsHandle(c: Context, handlers: Handlers): Handle {
  const { method } = c.req.raw
  if (method === 'OPTIONS') return allow(EVENTS_METHODS)
  if (method !== 'GET' && method !== 'HEAD') return methodNotAllowed(EVENTS_METHODS)
  return (call) => handlers.events(call, c.req.param('tenant') ?? null)
}

function addPluginRoutes(app: Hono, { routes }: LoadedPlugins, handlers: Handlers): void {
  for (const given of routes)
    for (const prefix of PREFIXES)
      app.on(given.route.method, `${prefix}${given.route.path}`, (c) =>
        handlers.serve(c, 'headers', (call) => handlers.pluginRoute(call, c.req.param('tenant') ?? null, given)),
      )
  for (const path of new Set(routes.map(({ route }) => route.path))) {
    const methods = routes.filter(({ route }) => route.path === path).map(({ route }) => route.method as string)
    const allowed = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
    for (const prefix of PREFIXES)
      app.all(`${prefix}${path}`, (c) =>
        handlers.serve(c, 'headers', c.req.raw.method === 'OPTIONS' ? allow(allowed) : methodNotAllowed(allowed)),
      )
  }
}

function allow(methods: string): Handle {
  return () => new Response(null, { status: 200, headers: { allow: methods } })
}

function methodNotAllowed(allowed: string): Handle {
  return (call) => {
    throw runtimeError('PGRST117', `Unsupported HTTP method: ${call.request.method}`, { headers: { allow: allowed } })
  }
}

type Calls = ReadonlyMap<string, BuiltInFunction>

/** The functions of plugins that may be called. */
function curatedCalls({ functions }: LoadedPlugins): Calls {
  const callable = [...functions.values()].filter((definition) => definition.callable === true)
  return new Map(callable.map((definition) => [definition.name, callCurated(definition)]))
}

function functionHandle(c: Context, curated: Calls, handlers: Handlers): Handle {
  const name = c.req.param('key') ?? ''
  const { method } = c.req.raw
  const run = BUILT_IN_FUNCTIONS.get(name) ?? curated.get(name)
  if (!run) return noFunction(name, curated)
  if (method === 'OPTIONS') return allow(FUNCTION_METHODS)
  if (method !== 'POST') return methodNotAllowed(FUNCTION_METHODS)
  return (call) => handlers.callFunction(call, c.req.param('tenant') ?? null, run)
}

function noFunction(name: string, curated: Calls): Handle {
  return () => {
    const known = [...BUILT_IN_FUNCTIONS.keys(), ...curated.keys()]
    const near = nearestName(name, known)
    throw runtimeError('PGRST202', `Could not find the function ${name.slice(0, 100)} in the schema cache`, {
      hint: near
        ? `Perhaps you meant ${near}.`
        : `There are ${known.slice(0, 20).join(', ')}; data is at /rest/v1/{entity}.`,
    })
  }
}

function notFound(call: Call): Response {
  throw runtimeError('PGRST125', `there is no route ${call.address.path.slice(0, 200)}`, {
    hint: 'Data is at /rest/v1/{entity}, or /t/{tenant}/rest/v1/{entity}.',
  })
}
