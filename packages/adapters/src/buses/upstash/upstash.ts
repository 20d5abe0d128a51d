/** A bus over the same stream as `buses/redis`, spoken to over HTTP; runs in workerd, and cannot push. */
import { BackSaasError, type Bus, type Event } from '@backsaas/core'
import { checkEvent, closedError } from '@backsaas/core/bus-parts'
import { Redis } from '@upstash/redis/cloudflare'
import { checkStreamOptions, readBack, type StreamEntry, type StreamOptions } from '../stream.ts'

export interface UpstashBusOptions extends StreamOptions {
  /** The REST URL of the database: `https://….upstash.io`. */
  readonly url: string | undefined
  /** Its REST token; one that may only read is enough for `read`. */
  readonly token: string | undefined
}

/** Longest that Upstash may take to answer. */
const ANSWER_MS = 5_000

/**
 * A bus over one stream of an Upstash Redis. It has no `subscribe`: who hears of events there reads them.
 *
 * @throws `UPSTASH_OPTIONS_INVALID`, `OPTION_INVALID` (500). `publish` and `read` throw `BUS_UNREACHABLE` (503).
 * @example const bus = upstash({ url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN })
 */
export function upstash(options: UpstashBusOptions): Bus {
  const { stream, maxLength } = checkStreamOptions(options)
  const client = createClient(options)
  let closed = false

  async function ask<T>(run: () => Promise<T>): Promise<T> {
    if (closed) throw closedError()
    try {
      return await run()
    } catch (error) {
      throw unreachable(error)
    }
  }

  return {
    name: 'upstash',
    async publish(events) {
      await ask(async () => {
        if (events.length === 0) return
        const pipeline = client.pipeline()
        const trim = { type: 'MAXLEN', comparison: '~', threshold: maxLength } as const
        for (const event of events) {
          pipeline.xadd(stream, '*', { id: event.id, event: JSON.stringify(event) }, { trim })
        }
        await pipeline.exec()
      })
    },
    read: (after, max) =>
      ask(() =>
        readBack(
          async (before, count) =>
            toEntries(await client.xrevrange(stream, before === null ? '+' : `(${before}`, '-', count)),
          after,
          max,
        ),
      ),
    async close() {
      closed = true
    },
  }
}

function createClient({ url, token }: UpstashBusOptions): Redis {
  if (!url || !/^https?:\/\/[^/\s]+\/?$/.test(url) || !token || /\s/.test(token)) {
    throw new BackSaasError('UPSTASH_OPTIONS_INVALID', 500, 'url and token must be those of an Upstash database', {
      hint: 'they are UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN in its console',
    })
  }
  return new Redis({
    url,
    token,
    enableTelemetry: false,
    // What belongs together goes in one pipeline of ours; anything else is one question at a time.
    enableAutoPipelining: false,
    retry: { retries: 2, backoff: (attempt) => 50 * 2 ** attempt },
    signal: () => AbortSignal.timeout(ANSWER_MS),
  })
}

/** The client parses each field that is JSON, and keeps the order of the entries. */
function toEntries(answer: Readonly<Record<string, Record<string, unknown>>>): StreamEntry[] {
  return Object.entries(answer).map(([entryId, fields]) => ({ entryId, event: readFields(fields) }))
}

/** What is none of ours is passed over: anyone with access may have put it there. */
function readFields(fields: Readonly<Record<string, unknown>>): Event | null {
  try {
    return checkEvent(Object.hasOwn(fields, 'event') ? fields.event : null)
  } catch {
    return null
  }
}

function unreachable(error: unknown): BackSaasError {
  if (error instanceof BackSaasError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new BackSaasError('BUS_UNREACHABLE', 503, `Upstash does not serve as the bus: ${message}`, { cause: error })
}
