/** Follows a stream over a connection of its own, across losses of the connection and of the stream. */
import { BackSaasError } from '@backsaas/core'
import type { Redis } from 'ioredis'
import { pause } from '../../pause.ts'
import { busError, openClient } from './open-client.ts'

export interface Following {
  /** Resolves when it follows, or has failed to for the first time; it goes on either way. */
  readonly started: Promise<void>
  /** Ends it, also while it waits. */
  stop(): Promise<void>
}

export interface FollowOptions {
  readonly url: string
  readonly stream: string
  onEntry(fields: readonly string[]): void
  /** Entries may have been missed. */
  onGap(): void
  onError(error: unknown): void
}

/** How long Redis holds an answer back where there is nothing new. */
const BLOCK_MS = 5_000
const ANSWER_MS = BLOCK_MS + 5_000
const PAGE = 100
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2_000
const START = '0-0'

/** @example const following = followStream({ url, stream, onEntry, onGap, onError }) */
export function followStream({ url, stream, onEntry, onGap, onError }: FollowOptions): Following {
  const stopping = new AbortController()
  const { signal } = stopping
  let client: Redis | null = null
  /** The last entry that was read; null before the stream has been seen for the first time. */
  let last: string | null = null
  let failed = false
  let begun = (): void => {}
  const started = new Promise<void>((resolve) => (begun = resolve))

  async function run(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        client = await openClient(url, { name: 'backsaas-subscriber', answerMs: ANSWER_MS })
        // Stopped while it connected: nobody else has this connection to end it.
        if (signal.aborted) return client.disconnect()
        last = await resume(client)
        pauseMs = FIRST_PAUSE_MS
        failed = false
        begun()
        while (!signal.aborted) last = await readOn(client, last)
      } catch (error) {
        if (signal.aborted) return
        failed = true
        client?.disconnect()
        client = null
        onError(busError(error))
        begun()
      }
      await pause(pauseMs * (0.5 + Math.random() / 2), signal)
    }
  }

  /** Where to go on after a connection was made. */
  async function resume(redis: Redis): Promise<string> {
    const newest = await newestId(redis, stream)
    if (last === null) {
      if (failed) onGap()
      return newest
    }
    if (newest === last && last !== START) return last
    if (compareIds(newest, last) < 0) return reset(newest)
    // What is there still has nothing missing behind it.
    if ((await redis.xrange(stream, last, last)).length === 0) onGap()
    return last
  }

  async function readOn(redis: Redis, from: string): Promise<string> {
    const answer = await redis.xread('COUNT', PAGE, 'BLOCK', BLOCK_MS, 'STREAMS', stream, from)
    if (signal.aborted) return from
    const entries = answer?.[0]?.[1] ?? []
    for (const [, fields] of entries) onEntry(fields)
    const read = entries.at(-1)?.[0]
    if (read !== undefined) return read
    const newest = await newestId(redis, stream)
    return compareIds(newest, from) < 0 ? reset(newest) : from
  }

  /** The stream is gone, or another one has taken its place: what follows is read from its end. */
  function reset(newest: string): string {
    onError(new BackSaasError('BUS_RESET', 503, `the stream ${stream} has been emptied or replaced`))
    onGap()
    return newest
  }

  const running = run()
  return {
    started,
    async stop() {
      stopping.abort()
      client?.disconnect()
      await running
      begun()
    },
  }
}

/** The id that was given last, whether or not its entry is kept. */
async function newestId(redis: Redis, stream: string): Promise<string> {
  try {
    const about: readonly unknown[] = await redis.xinfo('STREAM', stream).then(asList)
    const at = about.indexOf('last-generated-id')
    return String(about[at + 1])
  } catch (error) {
    if (error instanceof Error && /no such key/i.test(error.message)) return START
    throw error
  }
}

function asList(answer: unknown): readonly unknown[] {
  if (Array.isArray(answer)) return answer
  throw new BackSaasError('BUS_UNREACHABLE', 503, 'what answers is not a Redis with streams')
}

/** Ids are milliseconds and a number, both beyond what a double holds. */
function compareIds(a: string, b: string): number {
  const [aTime = 0n, aNumber = 0n] = a.split('-').map(BigInt)
  const [bTime = 0n, bNumber = 0n] = b.split('-').map(BigInt)
  if (aTime !== bTime) return aTime < bTime ? -1 : 1
  if (aNumber === bNumber) return 0
  return aNumber < bNumber ? -1 : 1
}
