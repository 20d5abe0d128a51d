/**
 * What stands before the data: which pages may call, how much may be asked, and that nobody takes the room of the others.
 * It runs on Node and on Workers.
 */
import { definePlugin, type Plugin } from '@backsaas/core'
import { clientReader } from './client-address.ts'
import { type CorsOptions, createCors } from './cors.ts'
import { createFairShare, type ShareOptions } from './fair-share.ts'
import { GATEWAY_ERRORS } from './gateway-errors.ts'
import { createLoadShedding, type SheddingOptions } from './load-shedding.ts'
import { createRateLimits, type RateLimitOptions } from './rate-limits.ts'

export type { CorsOptions } from './cors.ts'
export type { ShareOptions } from './fair-share.ts'
export { type Limit, type LimitStore, memoryLimits, type Taken } from './limit-store.ts'
export type { SheddingOptions } from './load-shedding.ts'
export type { PlanLimits, RateLimitOptions } from './rate-limits.ts'

export interface GatewayOptions {
  /** Pages that may call, besides those that each tenant names in its `settings`. */
  readonly cors?: CorsOptions
  /** None unless given. */
  readonly limits?: RateLimitOptions
  /** Addresses and ranges whose `Forwarded` and `X-Forwarded-For` are believed, as `10.0.0.0/8`. Default: none. */
  readonly trustedProxies?: readonly string[]
  readonly share?: ShareOptions
  readonly shedding?: SheddingOptions
}

/** A data API has no pages: what is read as one may do nothing. */
const SECURE_HEADERS: readonly (readonly [string, string])[] = [
  ['strict-transport-security', 'max-age=31536000; includeSubDomains'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['referrer-policy', 'no-referrer'],
  ['x-frame-options', 'DENY'],
]

/**
 * The plugin.
 *
 * @throws `GATEWAY_OPTIONS_INVALID` at once; at requests `RATE_LIMITED` (429), `OVERLOADED` (503), `ORIGIN_REFUSED` (403).
 * @example
 * gateway({
 *   trustedProxies: ['10.0.0.0/8'],
 *   limits: { ip: { points: 600, seconds: 60 }, tenant: { points: 6000, seconds: 60 }, plans: { free: { tenant: { points: 600, seconds: 60 } } } },
 * })
 */
export function gateway(options: GatewayOptions = {}): Plugin {
  const cors = createCors(options.cors ?? {})
  const limits = createRateLimits(options.limits ?? {})
  const readClient = clientReader(options.trustedProxies ?? [])
  const share = createFairShare(options.share ?? {})
  const shedding = createLoadShedding(options.shedding ?? {})
  return definePlugin({
    name: 'gateway',
    errors: GATEWAY_ERRORS,
    stages: {
      async arrive(context) {
        for (const [name, value] of SECURE_HEADERS) context.setHeader(name, value)
        shedding.arrive(context)
        const { request, remoteAddress } = context
        // Who asks too much is told so in a way that a page can read.
        const page = cors.arrive(context)
        const preflight = page && (await page)
        if (preflight) return preflight
        const counting = limits.arrive(context, options.limits?.ip ? readClient(remoteAddress, request.headers) : null)
        if (counting) await counting
        return null
      },
      async admit(context) {
        const counting = limits.admit(context)
        if (counting) await counting
        const { admitted, request, ended } = context
        const waiting = share.enter(admitted.id, request.signal)
        if (waiting) await waiting
        ended(() => share.leave(admitted.id))
      },
    },
  })
}
