/** The runtime: options in, a hono app with its life cycle out. */
import type { Bus, Identity, Observe, PluginContext, Unsubscribe } from '@backsaas/core'
import { memory } from '@backsaas/core/memory-bus'
import type { Context } from 'hono'
import { openFeed } from '#open-feed'
import { createAccessControl } from './access/create-access.ts'
import { checkOptions } from './check-options.ts'
import { runtimeError } from './errors/error-catalogue.ts'
import { createStreamHub } from './event-stream/stream-hub.ts'
import { createGate } from './http/gate.ts'
import { createHandlers } from './http/handlers.ts'
import type { Caller, InProcessCallers } from './http/in-process.ts'
import { resolveLimits } from './http/limits.ts'
import { createOwnScope } from './http/request-scope.ts'
import { createRoutes } from './http/routes.ts'
import { serveRequest } from './http/serve-request.ts'
import { createDataClients } from './plugins/data-client.ts'
import { hearEvents } from './plugins/hear-events.ts'
import { loadPlugins } from './plugins/load-plugins.ts'
import type { Access } from './registry/cached-lookup.ts'
import { createNamedDatabases } from './registry/named-databases.ts'
import { createRegistry } from './registry/registry.ts'
import type { Runtime, RuntimeOptions } from './runtime-options.ts'

const DRAIN_MS = 10_000
const SAMPLE_SHARE = 0.001

/**
 * Makes a runtime; nothing is connected before the first request or `ready()`.
 *
 * @throws `PLUGIN_CONFLICT`, `PLUGIN_REQUIRES`, `PLUGIN_INVALID`, `OPTIONS_INVALID`.
 * @example
 * const backsaas = createRuntime({ database: pg(process.env.DATABASE_URL), schemas: ['./crm.yaml'] })
 * await backsaas.ready()
 * export default backsaas
 */
export function createRuntime(options: RuntimeOptions): Runtime {
  checkOptions(options)
  const { database, databases = {} } = options
  const observe = options.observe ?? null
  const bus = options.bus ?? ownBus(observe)
  const limits = resolveLimits(options.limits)
  const callers: InProcessCallers = new WeakMap<Request, Caller>()
  const ownScope = createOwnScope(observe)
  const gate = createGate()
  const clients = createDataClients(callers, async (request) => app.fetch(request))
  const dataClient: PluginContext['for'] = (identity) => clients.for(identity)
  const plugins = loadPlugins(
    options.plugins ?? [],
    dataClient,
    clients.ask,
    options.outside,
    options.sampleShare ?? SAMPLE_SHARE,
  )
  const own = (options.schemas ?? []).map((schema, i) => ({ schema, from: `schemas[${i}]` }))
  const code = [...own, ...plugins.schemas]
  const functions = [...plugins.functions.values()]
  const registry = createRegistry({ code, functions, observe, covered: (nowMs) => feed.covers(nowMs) })
  const feed = openFeed(options.beat, { database, scope: ownScope, registry, observe })
  const named = createNamedDatabases(databases, observe)
  const access = createAccessControl({ plugins, observe, policies: registry.policies })
  const hub = createStreamHub(limits.eventStreams, options.bus?.subscribe !== undefined)
  const starting = createStart(open)
  let unsubscribe: Unsubscribe | null = null
  let closing: Promise<void> | null = null

  const identifying = {
    registry,
    callers,
    plugins,
    identify: options.identify ?? null,
    hostSuffix: hostSuffix(options.hostSuffix),
    observe,
  }
  const { hostSuffix: suffix } = identifying
  const { served } = feed
  const serving = { database, limits, plugins, observe, gate, ownScope, callers, registry, hostSuffix: suffix, served }
  const handlers = createHandlers({
    registry,
    databases: named,
    access,
    limits,
    plugins,
    observe,
    identifying,
    hub,
    ready: starting,
  })
  const app = createRoutes(plugins, {
    ...handlers,
    serve: (context, finish, handle) => serveRequest(context, serving, finish, handle),
  })

  async function open(access: Access): Promise<void> {
    await clients.load()
    await registry.open(access)
    await feed.start()
    const context = { scope: ownScope, for: dataClient }
    unsubscribe ??= await hearEvents(bus, { plugins, context, registry, feed, hub, observe })
    observe?.({ kind: 'lifecycle', what: 'ready' })
  }

  async function close(drainMs: number): Promise<void> {
    observe?.({ kind: 'lifecycle', what: 'closing' })
    hub.close()
    const left = await gate.close(drainMs)
    if (left > 0)
      observe?.({ kind: 'error', code: 'DRAIN_TIMEOUT', error: new Error(`${left} requests were still under way`) })
    await unsubscribe?.()
    if (!options.bus) await bus.close?.()
    await feed.close()
    await ownScope.settled(drainMs)
    await Promise.all([database, ...Object.values(databases)].map((one) => one.close?.()))
    observe?.({ kind: 'lifecycle', what: 'closed' })
  }

  // Begun here, so that `for` works in the first request of a developer's own.
  ownScope.waitUntil(clients.load())
  return {
    app,
    bus,
    fetch: async (request, env, executionContext) => app.fetch(request, env as object, executionContext),
    async ready() {
      await starting({ scope: ownScope, connection: database.open(ownScope) })
      await named.check(ownScope)
    },
    for: (caller: Identity | Context) => clients.for(caller),
    ask: clients.ask,
    close(settings = {}) {
      closing ??= close(settings.drainMs ?? DRAIN_MS)
      return closing
    },
  }
}

/** Its subscriber tells its own failures: what is left to tell is an event that was missed. */
function ownBus(observe: Observe | null): Bus {
  return memory({ onError: (error) => observe?.({ kind: 'error', code: 'EVENT_MISSED', error }) })
}

/** Runs `open` until it has succeeded once: one at a time, a failure is told to those who wait and tried again. */
function createStart(open: (access: Access) => Promise<void>): (access: Access) => Promise<void> | null {
  let opened = false
  let running: Promise<void> | null = null
  return (access) => {
    if (opened) return null
    running ??= open(access).then(
      () => {
        opened = true
        running = null
      },
      (error: unknown) => {
        running = null
        throw error
      },
    )
    access.scope.waitUntil(running.catch(() => undefined))
    return running
  }
}

/** @throws `OPTIONS_INVALID` where it is no host name. */
function hostSuffix(given: string | undefined): string | null {
  if (given === undefined) return null
  const suffix = given.toLowerCase().replace(/^\./, '')
  if (!/^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/.test(suffix))
    throw runtimeError('OPTIONS_INVALID', `hostSuffix ${JSON.stringify(given)} is no host name`, {
      hint: 'Give a name without port, like example.com.',
    })
  return suffix
}
