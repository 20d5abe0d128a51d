/** A bus over Redis Streams, by ioredis; for Node, where a connection outlives a request. */
import type { Bus, Event } from '@backsaas/core'
import {
  closedError,
  createDelivery,
  createSequence,
  type OnBusError,
  readEvent,
  reportBusError,
} from '@backsaas/core/bus-parts'
import type { Redis } from 'ioredis'
import { checkStreamOptions, readBack, type StreamOptions } from '../stream.ts'
import { type Following, followStream } from './follow-stream.ts'
import { busError, checkRedisUrl, openClient } from './open-client.ts'

export interface RedisBusOptions extends StreamOptions {
  /** How many events may wait for a slow handler; default 1000. */
  readonly keep?: number
  /** Told of a lost connection, of what is no event, of a handler's failure; default `console.error`. */
  readonly onError?: OnBusError
}

/** Longest that Redis may take to answer. */
const ANSWER_MS = 5_000

/**
 * A bus over one stream of a Redis. Nothing connects before the first event, read or subscriber.
 *
 * Subscribers share one connection, which is made again whenever it is lost and goes on where it was; where Redis has
 * been emptied, replaced or away for too long they are told of a gap. What lies in the stream and is no event is dropped and
 * told to `onError`.
 *
 * @throws `REDIS_URL_INVALID`, `OPTION_INVALID` (500). `publish` and `read` throw `BUS_UNREACHABLE` (503).
 * @example const backsaas = createRuntime({ database, bus: redis(process.env.REDIS_URL) })
 */
export function redis(url: string | undefined, options: RedisBusOptions = {}): Bus {
  const checked = checkRedisUrl(url)
  const { stream, maxLength } = checkStreamOptions(options)
  const { keep = 1000, onError = reportBusError } = options
  const delivery = createDelivery({ keep, onError })
  const sequence = createSequence()
  const commands = createCommands(checked)
  let following: Following | null = null
  let closing: Promise<void> | null = null

  function onEntry(fields: readonly string[]): void {
    const event = readFields(fields, onError)
    if (!event) return
    if (sequence.skips(event)) delivery.gap()
    delivery.deliver(event)
  }

  function onGap(): void {
    sequence.forget()
    delivery.gap()
  }

  async function end(): Promise<void> {
    await Promise.all([following?.stop(), commands.close()])
    await delivery.end()
  }

  return {
    name: 'redis',
    async publish(events) {
      if (closing) throw closedError()
      if (events.length > 0) await commands.use((client) => add(client, stream, maxLength, events))
    },
    async subscribe(handler, subscribeOptions = {}) {
      if (closing) throw closedError()
      const remove = delivery.add(handler, subscribeOptions)
      following ??= followStream({ url: checked, stream, onEntry, onGap, onError })
      await following.started
      return remove
    },
    async read(after, max) {
      if (closing) throw closedError()
      return commands.use((client) =>
        readBack(
          async (before, count) => {
            const entries = await client.xrevrange(stream, before === null ? '+' : `(${before}`, '-', 'COUNT', count)
            return entries.map(([entryId, fields]) => ({ entryId, event: readFields(fields, () => {}) }))
          },
          after,
          max,
        ),
      )
    },
    close() {
      closing ??= end()
      return closing
    },
  }
}

/** In one round trip, in order; where that fails the sender sends all of them again. */
async function add(client: Redis, stream: string, maxLength: number, events: readonly Event[]): Promise<void> {
  const pipeline = client.pipeline()
  for (const event of events) {
    pipeline.xadd(stream, 'MAXLEN', '~', maxLength, '*', 'id', event.id, 'event', JSON.stringify(event))
  }
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
}

function readFields(fields: readonly string[], onError: OnBusError): Event | null {
  try {
    for (let at = 0; at + 1 < fields.length; at += 2) {
      if (fields[at] === 'event') return readEvent(fields[at + 1] ?? '')
    }
    return readEvent('')
  } catch (error) {
    onError(error)
    return null
  }
}

interface Commands {
  /** @throws `BUS_UNREACHABLE` (503). */
  use<T>(run: (client: Redis) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** One connection for what is asked, made when it is needed. */
function createCommands(url: string): Commands {
  let opening: Promise<Redis> | null = null
  const underWay = new Set<Promise<unknown>>()

  function open(): Promise<Redis> {
    const opened = openClient(url, { name: 'backsaas', answerMs: ANSWER_MS })
    const forget = (): void => {
      if (opening === opened) opening = null
    }
    opened.then((client) => client.once('end', forget), forget)
    return opened
  }

  async function run<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    opening ??= open()
    const opened = opening
    const client = await opened
    try {
      return await work(client)
    } catch (error) {
      // What has not answered in time may answer yet, to the next question.
      if (opening === opened) opening = null
      client.disconnect()
      throw busError(error)
    }
  }

  return {
    use(work) {
      const done = run(work).finally(() => underWay.delete(done))
      underWay.add(done)
      return done
    },
    async close() {
      await Promise.allSettled(underWay)
      const client = await opening?.catch(() => null)
      client?.disconnect()
    },
  }
}
