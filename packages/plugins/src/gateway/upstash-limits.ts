/**
 * Counts in Upstash over HTTP, for the edge: fixed windows, one round trip. Of plain commands, since what `@upstash/ratelimit` runs
 * are scripts that no other Redis takes, and so could not be tested here.
 */
import type { Redis } from '@upstash/redis'
import { type LimitStore, taken } from './limit-store.ts'

/**
 * @param redis of `@upstash/redis`.
 * @example upstashLimits(Redis.fromEnv(env))
 */
export function upstashLimits(redis: Redis, prefix = 'backsaas:limit'): LimitStore {
  return {
    name: 'upstash',
    async take(key, points, limit) {
      const counter = `${prefix}:${limit.seconds}:${key}`
      const windowMs = limit.seconds * 1000
      // The first to count begins the window; should it break off before, the next one does.
      const [count, , leftMs] = await redis
        .pipeline()
        .incrby(counter, points)
        .pexpire(counter, windowMs, 'NX')
        .pttl(counter)
        .exec<[number, number, number]>()
      return taken(count, limit, leftMs < 0 ? windowMs : leftMs)
    },
  }
}
