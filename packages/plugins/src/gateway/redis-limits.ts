/** Counts in Redis, for many processes together: fixed windows of `rate-limiter-flexible`, one round trip. */
import type { Redis } from 'ioredis'
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { Limit, LimitStore, Taken } from './limit-store.ts'

/**
 * @param client of `ioredis`, closed by who made it. It should give up soon (`commandTimeout`, `maxRetriesPerRequest: 0`,
 *   `enableOfflineQueue: false`): while Redis is away, the gateway counts in its process.
 * @example redisLimits(new Redis(url, { enableOfflineQueue: false, commandTimeout: 200 }))
 */
export function redisLimits(client: Redis, prefix = 'backsaas:limit'): LimitStore {
  const limiters = new Map<string, RateLimiterRedis>()
  function limiterOf({ points, seconds }: Limit): RateLimiterRedis {
    const key = `${points}/${seconds}`
    const known = limiters.get(key)
    if (known) return known
    const made = new RateLimiterRedis({ storeClient: client, keyPrefix: prefix, points, duration: seconds })
    limiters.set(key, made)
    return made
  }
  return {
    name: 'redis',
    async take(key, points, limit) {
      try {
        return read(await limiterOf(limit).consume(`${limit.seconds}:${key}`, points), true)
      } catch (error) {
        // What is refused is thrown too; anything else is a failure of Redis.
        if (error instanceof RateLimiterRes) return read(error, false)
        throw error
      }
    },
  }
}

function read({ remainingPoints, msBeforeNext }: RateLimiterRes, isAllowed: boolean): Taken {
  return { isAllowed, remaining: Math.max(0, remainingPoints), resetMs: Math.max(0, msBeforeNext) }
}
