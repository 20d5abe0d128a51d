/** A function's own way to the outside: to the hosts that it names, and no longer than its time. */
import type { FunctionDefinition } from '../contracts/function.ts'
import type { HttpClient } from '../contracts/http-client.ts'
import type { Json } from '../contracts/json.ts'

/** @example limitedHttp(http, webhook, settings) // to the hosts of the endpoints alone, redirects included */
export function limitedHttp(http: HttpClient, { hosts }: FunctionDefinition, settings: Json): HttpClient {
  const named = hosts?.(settings) ?? []
  return named === '*' ? http : (request) => http({ ...request, hosts: named })
}
