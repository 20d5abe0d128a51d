/** The plugins of a runtime, checked against each other and laid out by what each stage needs. */
import type {
  AccessDecider,
  ErrorCatalogue,
  FunctionDefinition,
  FunctionMeans,
  Identity,
  Outside,
  Plugin,
  PluginContext,
  Room,
  Route,
  Stages,
} from '@backsaas/core'
import { type BindHooks, createHookBinder } from '../hooks/bind-hooks.ts'
import type { CodeSchema } from '../registry/code-schemas.ts'
import { checkPlugins } from './check-plugins.ts'

/** A function of a plugin, with the name of who gave it. */
export interface Given<F> {
  readonly plugin: string
  readonly run: F
}

export interface GivenRoute {
  readonly plugin: string
  readonly route: Route
}

export interface LoadedPlugins {
  readonly names: readonly string[]
  readonly arrive: readonly Given<NonNullable<Stages['arrive']>>[]
  readonly admit: readonly Given<NonNullable<Stages['admit']>>[]
  readonly identify: readonly Given<NonNullable<Stages['identify']>>[]
  readonly authorize: readonly Given<NonNullable<Stages['authorize']>>[]
  readonly before: readonly Given<NonNullable<Stages['before']>>[]
  readonly respond: readonly Given<NonNullable<Stages['respond']>>[]
  readonly routes: readonly GivenRoute[]
  readonly schemas: readonly CodeSchema[]
  /** Null where no plugin decides: a schema with access rules is closed then. */
  readonly access: AccessDecider | null
  /** By event type, `*` included. */
  readonly on: ReadonlyMap<string, readonly Given<NonNullable<Plugin['on']>[string]>[]>
  /** By name. */
  readonly functions: ReadonlyMap<string, FunctionDefinition>
  readonly bindHooks: BindHooks
  readonly errors: ErrorCatalogue
  /** The data API as a principal, as every context of a plugin has it. */
  readonly for: PluginContext['for']
  /** A request of the process to itself, as a principal. */
  readonly ask: Ask
  /** What functions may use beside the data. */
  readonly outside: Outside
  /** What functions bring with them; null where no plugin does. */
  readonly means: FunctionMeans | null
  readonly room: Room | null
  /** Of calls of functions, the part that is written down: 0 to 1. */
  readonly sampleShare: number
}

/**
 * @param depth how many functions stand between it and a request from outside.
 * @param unruled whether it goes past the rules of the tenant's roles: for functions that must see every row of the tenant.
 */
export type Ask = (identity: Identity, request: Request, depth?: number, unruled?: boolean) => Promise<Response>

/**
 * Checks the plugins and gathers their parts in the order the plugins are given.
 *
 * @throws `PLUGIN_INVALID`, `PLUGIN_REQUIRES` and `PLUGIN_CONFLICT`, each naming every side.
 * @example loadPlugins([audit, policies], clients.for).before.length // 0: the stage costs nothing
 */
export function loadPlugins(
  plugins: readonly Plugin[],
  dataClient: PluginContext['for'],
  ask: Ask = notReachable,
  outside: Outside = {},
  sampleShare = 0,
): LoadedPlugins {
  checkPlugins(plugins)
  const given = plugins.flatMap((plugin) => plugin.functions ?? [])
  const functions = new Map(given.map((definition) => [definition.name, definition]))
  const means = plugins.find((plugin) => plugin.means)?.means ?? null
  return Object.freeze({
    names: Object.freeze(plugins.map((plugin) => plugin.name)),
    arrive: gather(plugins, (plugin) => plugin.stages?.arrive),
    admit: gather(plugins, (plugin) => plugin.stages?.admit),
    identify: gather(plugins, (plugin) => plugin.stages?.identify),
    authorize: gather(plugins, (plugin) => plugin.stages?.authorize),
    before: gather(plugins, (plugin) => plugin.stages?.before),
    respond: gather(plugins, (plugin) => plugin.stages?.respond),
    routes: Object.freeze(
      plugins.flatMap((plugin) => (plugin.routes ?? []).map((route) => ({ plugin: plugin.name, route }))),
    ),
    schemas: Object.freeze(
      plugins.flatMap(({ name, schema }) => (schema === undefined ? [] : [{ schema, from: `plugin ${name}` }])),
    ),
    access: plugins.find((plugin) => plugin.access)?.access ?? null,
    on: gatherHandlers(plugins),
    functions,
    bindHooks: createHookBinder(functions),
    errors: Object.freeze(Object.assign({}, ...plugins.map((plugin) => plugin.errors ?? {}))),
    for: dataClient,
    ask,
    outside,
    means,
    room: means?.createRoom() ?? null,
    sampleShare,
  })
}

async function notReachable(): Promise<Response> {
  throw new Error('nothing answers here')
}

function gather<F>(plugins: readonly Plugin[], pick: (plugin: Plugin) => F | undefined): readonly Given<F>[] {
  const given = plugins.flatMap((plugin) => {
    const run = pick(plugin)
    return run === undefined ? [] : [{ plugin: plugin.name, run }]
  })
  return Object.freeze(given)
}

function gatherHandlers(plugins: readonly Plugin[]): LoadedPlugins['on'] {
  const types = new Set(plugins.flatMap((plugin) => Object.keys(plugin.on ?? {})))
  return new Map([...types].map((type) => [type, gather(plugins, (plugin) => plugin.on?.[type])]))
}
