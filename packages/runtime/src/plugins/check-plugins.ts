/** What must hold of a runtime's plugins before any is used; whatever does not is an error that names every side. */
import { type BackSaasError, JOB_KINDS, type Plugin } from '@backsaas/core'
import { RUNTIME_ERRORS, runtimeError } from '../errors/error-catalogue.ts'

const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/
const CODE = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/
const SLOTS: ReadonlySet<string> = new Set([
  'name',
  'requires',
  'schema',
  'errors',
  'functions',
  'means',
  'routes',
  'stages',
  'access',
  'on',
])
const STAGES: ReadonlySet<string> = new Set(['arrive', 'identify', 'admit', 'authorize', 'before', 'respond'])
const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
/** Names that `rpc` knows already. */
const BUILT_IN_FUNCTIONS: readonly string[] = ['explain_access', ...JOB_KINDS]
/** First segments of a path that are the runtime's own. */
const OWN_PATHS: ReadonlySet<string> = new Set(['rest', 't', 'healthz', 'readyz', 'events'])

/** @throws `PLUGIN_INVALID`, `PLUGIN_REQUIRES`, `PLUGIN_CONFLICT`. */
export function checkPlugins(plugins: readonly Plugin[]): void {
  for (const plugin of plugins) checkForm(plugin)
  checkUnique(plugins)
  checkRequires(plugins)
}

/** Slots are closed: a name that is none is a mistake that would otherwise do nothing in silence. */
function checkForm(plugin: Plugin): void {
  if (typeof plugin?.name !== 'string' || !NAME.test(plugin.name))
    throw runtimeError('PLUGIN_INVALID', `a plugin is named ${JSON.stringify(plugin?.name)}`, {
      hint: 'A name is lower-case words joined by "-".',
    })
  const where = `plugin ${plugin.name}`
  refuseUnknown(Object.keys(plugin), SLOTS, where)
  refuseUnknown(Object.keys(plugin.stages ?? {}), STAGES, `stages of ${where}`)
  const functions = [...Object.entries(plugin.stages ?? {}), ...Object.entries(plugin.on ?? {})]
  for (const [name, value] of functions)
    if (typeof value !== 'function') throw invalid(where, `${name} is not a function`)
  if (plugin.access && typeof plugin.access.decide !== 'function') throw invalid(where, 'access has no decide')
  for (const [code, error] of Object.entries(plugin.errors ?? {})) {
    if (!CODE.test(code)) throw invalid(where, `the error code ${code} is not UPPER_SNAKE`)
    if (!isErrorStatus(error?.status)) throw invalid(where, `the status of ${code} is none of an error, 400 to 599`)
  }
  for (const definition of plugin.functions ?? [])
    if (typeof definition?.run !== 'function') throw invalid(where, 'one of its functions has no run')
  for (const route of plugin.routes ?? []) {
    if (!METHODS.has(route.method)) throw invalid(where, `${route.method} is no method of a route`)
    if (!route.path.startsWith('/')) throw invalid(where, `the route ${route.path} does not begin with "/"`)
    if (/:tenant\b/.test(route.path))
      throw invalid(where, `the route ${route.path} names a parameter tenant, which is the runtime's own`)
    if (typeof route.handle !== 'function') throw invalid(where, `the route ${route.path} has no handle`)
  }
}

function isErrorStatus(status: unknown): boolean {
  return Number.isInteger(status) && Number(status) >= 400 && Number(status) <= 599
}

function refuseUnknown(names: readonly string[], known: ReadonlySet<string>, where: string): void {
  const unknown = names.find((name) => !known.has(name))
  if (unknown !== undefined) throw invalid(where, `${unknown} is none of ${[...known].join(', ')}`)
}

function checkUnique(plugins: readonly Plugin[]): void {
  const names = claims('name')
  const routes = claims('route')
  const codes = claims('error code')
  const access = claims('decision of access rules')
  const functions = claims('function')
  for (const name of BUILT_IN_FUNCTIONS) functions(name, 'BackSaaS itself')
  for (const code of Object.keys(RUNTIME_ERRORS)) codes(code, 'BackSaaS itself')
  for (const plugin of plugins) {
    const side = `plugin ${plugin.name}`
    names(plugin.name, side)
    if (plugin.access) access('', side)
    for (const { name } of plugin.functions ?? []) functions(name, side)
    for (const { method, path } of plugin.routes ?? []) {
      if (OWN_PATHS.has(path.split('/')[1] ?? '')) throw conflict('route', `${method} ${path}`, 'BackSaaS itself', side)
      routes(`${method} ${path.replaceAll(/:[^/]+/g, ':')}`, side)
    }
    for (const code of Object.keys(plugin.errors ?? {})) codes(code, side)
  }
}

/** Remembers who claimed what; the second to claim it is a conflict. */
function claims(what: string): (claimed: string, side: string) => void {
  const owners = new Map<string, string>()
  return (claimed, side) => {
    const owner = owners.get(claimed)
    if (owner !== undefined) throw conflict(what, claimed, owner, side)
    owners.set(claimed, side)
  }
}

function checkRequires(plugins: readonly Plugin[]): void {
  const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]))
  const sound = new Set<string>()
  for (const plugin of plugins) checkRequired(plugin, [], byName, sound)
}

/** @param path the plugins that led here, each requiring the next. */
function checkRequired(
  plugin: Plugin,
  path: readonly string[],
  byName: ReadonlyMap<string, Plugin>,
  sound: Set<string>,
): void {
  const { name } = plugin
  if (sound.has(name)) return
  if (path.includes(name)) throw circular([...path.slice(path.indexOf(name)), name])
  for (const wanted of plugin.requires ?? []) {
    const required = byName.get(wanted)
    if (!required)
      throw runtimeError('PLUGIN_REQUIRES', `plugin ${name} requires plugin ${wanted}, which is not there`, {
        hint: `Add ${wanted} to \`plugins\` of createRuntime.`,
      })
    checkRequired(required, [...path, name], byName, sound)
  }
  sound.add(name)
}

function circular(names: readonly string[]): BackSaasError {
  const message =
    names.length === 2
      ? `plugin ${names[0]} requires itself`
      : `plugins require each other in a circle: ${names.join(' requires ')}`
  return runtimeError('PLUGIN_REQUIRES', message, { hint: 'Leave one of them out of `requires`.' })
}

function conflict(what: string, claimed: string, first: string, second: string): BackSaasError {
  return runtimeError('PLUGIN_CONFLICT', `${first} and ${second} both claim the ${what} ${claimed}`)
}

function invalid(where: string, message: string): BackSaasError {
  return runtimeError('PLUGIN_INVALID', `${where}: ${message}`)
}
