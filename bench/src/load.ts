/** Load on one address, by autocannon: how many answers a second, how long they took. */
import autocannon from 'autocannon'
import type { Call } from './scenarios.ts'

export interface Measured {
  readonly seconds: number
  /** Of every answer, in milliseconds. */
  readonly latencies: readonly number[]
  /** Answers that were not 2xx, and connections that failed: a turn with any is void. */
  readonly failures: number
}

/** Where a call goes, and with what. */
export interface Target {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

export interface LoadOptions {
  readonly connections: number
  readonly seconds: number
  /** Requests a second; as many as can be unless given. */
  readonly rate?: number
  /** Ends after so many requests, whatever the seconds. */
  readonly amount?: number
  /** The nth request; the path is below the target's. */
  readonly call: (n: number) => Call & Target
}

let sequence = 0

/** @param url of the server: scheme, host and port. */
export function load(url: string, options: LoadOptions): Promise<Measured> {
  const { connections, seconds, rate, amount, call } = options
  const limits = { ...(rate ? { overallRate: rate } : {}), ...(amount ? { amount } : {}) }
  const latencies: number[] = []
  return new Promise((resolve, reject) => {
    const requests = [
      {
        setupRequest(request: autocannon.Request) {
          const { method, path, body, headers, url: target } = call(sequence++)
          return {
            ...request,
            method,
            path: target.slice(url.length) + path,
            headers: body ? { ...headers, 'content-type': 'application/json' } : headers,
            ...(body ? { body } : {}),
          }
        },
      },
    ]
    const instance = autocannon({ url, connections, duration: seconds, requests, ...limits }, (error, result) => {
      if (error) return reject(error)
      resolve({ seconds: result.duration, latencies, failures: result.non2xx + result.errors })
    })
    // Its own statistics are whole milliseconds.
    instance.on('response', (_client, status, _bytes, milliseconds) => {
      if (status < 300) latencies.push(milliseconds)
    })
  })
}

/** @example quantile(latencies, 0.99) */
export function quantile(latencies: readonly number[], part: number): number {
  const sorted = Float64Array.from(latencies).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}
