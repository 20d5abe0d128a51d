/** What holds for every request: its id, the limits on it, errors to responses, headers, observation, draining. */
import type { Database, Observe, Scope } from '@backsaas/core'
import type { Context } from 'hono'
import { runtimeError } from '../errors/error-catalogue.ts'
import { problemResponse } from '../errors/problem-response.ts'
import type { LoadedPlugins } from '../plugins/load-plugins.ts'
import type { Registry } from '../registry/registry.ts'
import { arrive } from '../stages/arrive.ts'
import { type Finish, respond } from '../stages/respond.ts'
import { type Call, createCall } from './call.ts'
import type { Gate } from './gate.ts'
import type { InProcessCallers } from './in-process.ts'
import type { Limits } from './limits.ts'
import type { Reply } from './reply.ts'
import { requestId } from './request-id.ts'
import { type OwnScope, requestScope } from './request-scope.ts'

export interface Serving {
  readonly database: Database
  readonly limits: Limits
  readonly plugins: LoadedPlugins
  readonly observe: Observe | null
  readonly gate: Gate
  readonly ownScope: OwnScope
  readonly callers: InProcessCallers
  readonly registry: Registry
  readonly hostSuffix: string | null
  /** Told after each request, within its scope. */
  readonly served: (scope: Scope) => void
}

export type Handle = (call: Call) => Response | Reply | Promise<Response | Reply>

/**
 * Runs `handle` and answers in any case.
 *
 * @param finish what the response passes: a data request's plugins, or the headers alone.
 */
export async function serveRequest(
  context: Context,
  serving: Serving,
  finish: Finish,
  handle: Handle,
): Promise<Response> {
  const { observe, gate } = serving
  const startedAt = observe ? performance.now() : 0
  const caller = serving.callers.get(context.req.raw)
  const outer = caller && 'context' in caller ? caller.context : context
  const scope = requestScope(outer, serving.ownScope)
  const call = createCall(context, requestId(context.req.raw), scope, serving.database)
  let entered = false
  try {
    gate.enter(caller !== undefined)
    entered = true
    // What the process asks of itself has arrived already, and health is asked for by who would have it stay.
    const arriving = serving.plugins.arrive.length > 0 && caller === undefined && finish !== 'health'
    const response = await answer(call, serving, arriving, handle)
    const finished = await respond(response, call, finish, serving)
    observe?.(requestObservation(call, finished, startedAt))
    return finished
  } catch (error) {
    // A closed gate, or a plugin's respond stage that failed: past all stages, so only the headers are added.
    const finished = await respond(problem(error, call, serving), call, 'headers', serving)
    observe?.(requestObservation(call, finished, startedAt))
    return finished
  } finally {
    if (entered) gate.leave()
    serving.served(scope)
    if (call.endings) for (const end of call.endings) end()
  }
}

async function answer(call: Call, serving: Serving, arriving: boolean, handle: Handle): Promise<Response | Reply> {
  try {
    if (call.request.url.length > serving.limits.urlBytes) throw urlTooLong(serving.limits.urlBytes)
    const early = arriving ? await arrive(call, serving) : null
    return early ?? (await handle(call))
  } catch (error) {
    return problem(error, call, serving)
  }
}

function problem(error: unknown, call: Call, { observe }: Serving): Response {
  return problemResponse(error, { requestId: call.requestId, path: call.address.path }, observe)
}

function urlTooLong(limit: number): Error {
  return runtimeError('URL_TOO_LONG', `the URL is longer than ${limit} bytes`, {
    hint: 'Select fewer columns, or split the filter.',
  })
}

/** The query string stays out: it may hold what a log must not. */
function requestObservation(call: Call, response: Response, startedAt: number): Parameters<Observe>[0] {
  return {
    kind: 'request',
    requestId: call.requestId,
    method: call.request.method,
    path: call.address.path,
    status: response.status,
    durationMs: performance.now() - startedAt,
    ...(call.principal ? { tenant: call.principal.tenant, principal: call.principal.id } : {}),
  }
}
