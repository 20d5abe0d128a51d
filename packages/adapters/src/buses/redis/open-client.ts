/** Connections to Redis, each made once and not made again by the driver: who uses one decides that. */
import { BackSaasError } from '@backsaas/core'
import { Redis } from 'ioredis'

const CONNECT_TIMEOUT_MS = 5_000

export interface ClientOptions {
  readonly name: string
  /** Longest to wait for an answer. */
  readonly answerMs: number
}

/**
 * Connects, logs in and waits until Redis has loaded its data.
 *
 * @throws `BUS_UNREACHABLE` (503).
 */
export async function openClient(url: string, { name, answerMs }: ClientOptions): Promise<Redis> {
  const client = new Redis(url, {
    connectionName: name,
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: answerMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    // Answers of one shape on every server, and a server that no longer answers is noticed.
    protocol: 2,
    keepAlive: 10_000,
  })
  let reason: unknown
  client.on('error', (error) => {
    reason ??= error
  })
  try {
    await client.connect()
    return client
  } catch (error) {
    client.disconnect()
    throw busError(reason ?? error)
  }
}

/** What Redis, or the way to it, has failed with. */
export function busError(error: unknown): BackSaasError {
  if (error instanceof BackSaasError) return error
  const message = error instanceof Error ? error.message || String(Reflect.get(error, 'code')) : String(error)
  return new BackSaasError('BUS_UNREACHABLE', 503, `Redis does not serve as the bus: ${message}`, {
    hint: 'check that Redis is running and that REDIS_URL names its host, port and password',
    cause: error,
  })
}

/**
 * The URL, once it is known to be one.
 *
 * @throws `REDIS_URL_INVALID` (500), whose message does not show it: it may hold a password.
 */
export function checkRedisUrl(url: string | undefined): string {
  const parsed = url ? URL.parse(url) : null
  if (url && parsed && /^rediss?:$/.test(parsed.protocol) && parsed.hostname !== '') return url
  throw new BackSaasError('REDIS_URL_INVALID', 500, url ? 'the Redis URL is none' : 'no Redis URL is given', {
    hint: 'its form is redis://user:password@host:6379, with rediss: for TLS; encode special characters as %XX',
  })
}
