/** `for()`: a real `@supabase/postgrest-js` client whose `fetch` is the runtime's own app. */
import type { Identity } from '@backsaas/core'
import type { PostgrestClient } from '@supabase/postgrest-js'
import type { Context } from 'hono'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { Caller, InProcessCallers } from '../http/in-process.ts'
import type { Ask } from './load-plugins.ts'

export type DataClientOf = PostgrestClient

export interface DataClients {
  /** Loads the optional peer; a second call waits for the first. Never throws: what is missing is told by `for`. */
  load(): Promise<void>
  for(caller: Identity | Context): PostgrestClient
  /** One request as somebody, without a client. */
  readonly ask: Ask
}

/** No such host: the request never leaves the process. */
const BASE = 'http://backsaas.internal/rest/v1'

/**
 * @param callers where a request's caller is noted; a header could be forged, this cannot.
 * @param fetch the app's own.
 * @example clients.for({ tenant: 'acme', id: 'nightly', roles: ['admin'] }).from('contacts').select('id')
 */
export function createDataClients(
  callers: InProcessCallers,
  fetch: (request: Request) => Promise<Response>,
): DataClients {
  let Client: typeof PostgrestClient | null = null
  let missing: unknown = null
  let loading: Promise<void> | null = null

  async function load(): Promise<void> {
    try {
      Client = (await import('@supabase/postgrest-js')).PostgrestClient
    } catch (error) {
      missing = error
    }
  }

  return {
    ask(identity, request, depth = 0, unruled = false) {
      callers.set(request, { identity, depth, unruled })
      return fetch(request)
    },
    load() {
      loading ??= load()
      return loading
    },
    for(given) {
      if (!Client) throw notLoaded(missing)
      const caller: Caller = isContext(given) ? { context: given } : { identity: given }
      return new Client(BASE, {
        // A refusal in process will be refused again.
        retry: false,
        fetch: (input, init) => {
          const request = new Request(input, init)
          callers.set(request, caller)
          return fetch(request)
        },
      })
    },
  }
}

function isContext(given: Identity | Context): given is Context {
  return 'req' in given
}

function notLoaded(missing: unknown): Error {
  if (missing !== null)
    return runtimeError('CLIENT_NOT_INSTALLED', '`for` needs the package @supabase/postgrest-js', {
      hint: 'npm install @supabase/postgrest-js',
      cause: missing,
    })
  return runtimeError('CLIENT_NOT_READY', '`for` was called before the runtime was ready', {
    hint: 'await backsaas.ready() first',
  })
}
