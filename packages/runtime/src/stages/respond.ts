/** The last stage: a plugin may change the response of a data request, and every response gets its headers. */
import type { Observe } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import { type Call, requestContext } from '../http/call.ts'
import { type Reply, toResponse } from '../http/reply.ts'
import type { LoadedPlugins } from '../plugins/load-plugins.ts'
import { runPlugin } from '../plugins/run-plugin.ts'

/** `data`: plugins, then headers that keep every cache away. `headers`: the headers, a route's own `cache-control` kept; `health` too. */
export type Finish = 'data' | 'headers' | 'health'

/**
 * @throws what a plugin's stage throws.
 */
export async function respond(
  reply: Response | Reply,
  call: Call,
  finish: Finish,
  options: { readonly plugins: LoadedPlugins; readonly observe: Observe | null },
): Promise<Response> {
  const { plugins, observe } = options
  if (finish !== 'data' || plugins.respond.length === 0) return finished(reply, call, finish)
  const startedAt = observe ? performance.now() : 0
  const context = requestContext(call, plugins.for)
  let changed = reply instanceof Response ? reply : toResponse(reply)
  for (const { plugin, run } of plugins.respond) {
    const given = changed
    changed = await runPlugin(plugin, { plugins, observe, requestId: call.requestId }, () => run(given, context))
    if (!(changed instanceof Response))
      throw runtimeError('PLUGIN_INVALID', `the respond stage of plugin ${plugin} answered no Response`)
  }
  observe?.({
    kind: 'stage',
    requestId: call.requestId,
    stage: 'respond',
    durationMs: performance.now() - startedAt,
  })
  return withHeaders(changed, call, finish)
}

/** What an answer depends on besides the URL; for caches that keep it in spite of `no-store`. */
const VARY = 'authorization, apikey, x-tenant, accept, accept-profile, schema-version, prefer'

function finished(reply: Response | Reply, call: Call, finish: Finish): Response {
  if (reply instanceof Response) return withHeaders(reply, call, finish)
  const { requestId, headers: given } = call
  const { status, headers, body } = reply
  // A plain object is several times cheaper than `Headers`, for us and for the server that writes it.
  const all: Record<string, string> = { ...headers, ...PRIVATE, 'x-request-id': requestId }
  if (given)
    for (const [name, value] of given) {
      if (name === 'vary') all.vary = `${all.vary}, ${value}`
      else all[name] ??= value
    }
  return new Response(body, { status, headers: all })
}

const PRIVATE = { 'cache-control': 'private, no-store', 'x-content-type-options': 'nosniff', vary: VARY } as const

function withHeaders(response: Response, { requestId, headers: given }: Call, finish: Finish): Response {
  const writable = isWritable(response) ? response : new Response(response.body, response)
  const { headers } = writable
  if (finish === 'data' || !headers.has('cache-control')) headers.set('cache-control', 'private, no-store')
  headers.set('x-content-type-options', 'nosniff')
  headers.set('vary', headers.has('vary') ? `${headers.get('vary')}, ${VARY}` : VARY)
  headers.set('x-request-id', requestId)
  if (given) addHeaders(headers, given)
  return writable
}

/** What a route has said itself holds. */
function addHeaders(headers: Headers, given: ReadonlyMap<string, string>): void {
  for (const [name, value] of given) {
    if (name === 'vary') headers.append(name, value)
    else if (!headers.has(name)) headers.set(name, value)
  }
}

/** One that came from `fetch` or `Response.redirect` refuses changes; there is no way to ask but to try. */
function isWritable(response: Response): boolean {
  try {
    response.headers.delete('x-request-id')
    return true
  } catch {
    return false
  }
}
