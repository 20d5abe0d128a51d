/** One request under way: what every part of the runtime is told of it. */
import type { Connection, Database, PluginContext, Principal, RequestContext, Scope } from '@backsaas/core'
import type { Context } from 'hono'
import { type Address, readAddress } from './address.ts'

export interface Call {
  readonly context: Context
  readonly request: Request
  readonly address: Address
  readonly requestId: string
  readonly scope: Scope
  /** Opened at first use: a request that is refused before costs the database nothing. */
  readonly connection: Connection
  /** Noted as soon as the caller is known, for the response and the observation. */
  principal: Principal | null
  /** What plugins have put on the response, by lower-case name; null where none has. */
  headers: Map<string, string> | null
  /** What runs once the response is made; null where there is nothing. */
  endings: (() => void)[] | null
}

export function createCall(context: Context, requestId: string, scope: Scope, database: Database): Call {
  let connection: Connection | null = null
  return {
    context,
    request: context.req.raw,
    address: readAddress(context.req.raw.url),
    requestId,
    scope,
    get connection() {
      connection ??= database.open(scope)
      return connection
    },
    principal: null,
    headers: null,
    endings: null,
  }
}

/** What a plugin is told of a request. */
export function requestContext(
  call: Pick<Call, 'request' | 'requestId' | 'scope' | 'principal'>,
  dataClient: PluginContext['for'],
): RequestContext {
  return {
    scope: call.scope,
    for: dataClient,
    request: call.request,
    requestId: call.requestId,
    ...(call.principal ? { principal: call.principal } : {}),
  }
}
