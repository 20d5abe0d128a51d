/** Around `identify`: what plugins decide before anything of the caller is known, and once it is. */
import type { AdmitContext, ArriveContext, Observe } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { Call } from '../http/call.ts'
import { tenantNames } from '../http/tenant-names.ts'
import type { LoadedPlugins } from '../plugins/load-plugins.ts'
import { runPlugin } from '../plugins/run-plugin.ts'
import type { Registry } from '../registry/registry.ts'
import type { Identified } from './identify.ts'
import { lookUps } from './look-ups.ts'
import { readKeyHeaders } from './read-key-headers.ts'

export interface ArriveOptions {
  readonly plugins: LoadedPlugins
  readonly registry: Registry
  readonly hostSuffix: string | null
  readonly observe: Observe | null
}

/**
 * The first answer that a plugin gives in place of all that follows; null where none does.
 *
 * @throws what a plugin's stage throws.
 */
export async function arrive(call: Call, options: ArriveOptions): Promise<Response | null> {
  const { plugins, observe } = options
  const context = arriveContext(call, options)
  for (const { plugin, run } of plugins.arrive) {
    const asked = { plugins, observe, requestId: call.requestId }
    const early = await runPlugin(plugin, asked, () => run(context))
    if (early === null || early === undefined) continue
    if (early instanceof Response) return early
    throw runtimeError('PLUGIN_INVALID', `the arrive stage of plugin ${plugin} answered no Response`)
  }
  return null
}

/**
 * @param operations how many the request asks for.
 * @throws what a plugin's stage throws.
 */
export async function admit(
  call: Call,
  identified: Identified,
  operations: number,
  options: ArriveOptions,
): Promise<void> {
  const { plugins, observe } = options
  const { principal, tenant } = identified
  const context: AdmitContext = Object.assign(arriveContext(call, options), { principal, admitted: tenant, operations })
  for (const { plugin, run } of plugins.admit)
    await runPlugin(plugin, { plugins, observe, requestId: call.requestId }, () => run(context))
}

function arriveContext(call: Call, { plugins, registry, hostSuffix }: ArriveOptions): ArriveContext {
  const { request, requestId, context, address } = call
  const named = () => ({
    names: tenantNames(request, address.host, context.req.param('tenant') ?? null, hostSuffix),
    headers: readKeyHeaders(request.headers),
  })
  return {
    ...lookUps(call, named, registry, plugins),
    request,
    requestId,
    remoteAddress: remoteAddress(call),
    setHeader(name, value) {
      call.headers ??= new Map()
      const before = name === 'vary' ? call.headers.get(name) : undefined
      call.headers.set(name, before === undefined ? value : `${before}, ${value}`)
    },
    ended(callback) {
      call.endings ??= []
      call.endings.push(callback)
    },
  }
}

/** As `@hono/node-server` has it; on Workers, Cloudflare says it in a header that no caller can set there. */
function remoteAddress({ context, request }: Call): string | null {
  const env: unknown = context.env
  const incoming = env !== null && typeof env === 'object' && 'incoming' in env ? env.incoming : null
  const socket = incoming !== null && typeof incoming === 'object' && 'socket' in incoming ? incoming.socket : null
  if (socket !== null && typeof socket === 'object' && 'remoteAddress' in socket)
    return typeof socket.remoteAddress === 'string' ? socket.remoteAddress : null
  return IS_WORKERS ? request.headers.get('cf-connecting-ip') : null
}

const IS_WORKERS = globalThis.navigator?.userAgent === 'Cloudflare-Workers'
