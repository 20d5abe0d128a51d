/** Load on one address, by autocannon: how many answers a second, how long they took. */
import autocannon from 'autocannon'
import type { Call } from './scenarios.ts'

export interface Measured {
  readonly answers: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers that were not 2xx, and connections that failed: a round with any is void. */
  readonly failures: number
}

export interface LoadOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly connections: number
  readonly seconds: number
  readonly call: (n: number) => Call
}

let sequence = 0

export async function load({ url, headers, connections, seconds, call }: LoadOptions): Promise<Measured> {
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    requests: [
      {
        setupRequest(request) {
          const { method, path, body } = call(sequence++)
          return {
            ...request,
            method,
            path: new URL(url).pathname.replace(/\/$/, '') + path,
            headers: { ...headers, ...(body ? { 'content-type': 'application/json' } : {}) },
            ...(body ? { body } : {}),
          }
        },
      },
    ],
  })
  return {
    answers: result['2xx'],
    seconds: result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    failures: result.non2xx + result.errors,
  }
}
