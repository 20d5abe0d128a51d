/**
 * The runtime's beat: every few seconds one statement that tells the database this process is up and reads what has
 * changed. While beats succeed, nothing that is cached has to be renewed for its age.
 */
import {
  CHANGES_KEPT_MS,
  type Change,
  type Connection,
  DatabaseError,
  FENCE,
  type Observe,
  type Scope,
} from '@backsaas/core'
import type { BoundSchema } from '../binding/bound-schema.ts'
import {
  beatStatement,
  farewellStatements,
  type Member,
  type Reading,
  readReading,
  readStatement,
} from './beat-statement.ts'

export interface ChangeFeedOptions {
  readonly member: Member
  /** How often it beats; what is cached is covered for twice as long, at most 10 s. */
  readonly leaseMs: number
  /** A connection that outlives requests. */
  connect(): Connection
  /** The platform's own schema; `renew` where the one given before was stale. */
  platform(renew: boolean): Promise<BoundSchema>
  /** Given each change once, as long as no transaction is older than the runtime's last beats. */
  heed(changes: readonly Change[]): void
  /** Nothing is known of what has changed. */
  forgetAll(): void
  /** What `runtimes.serving` shows. */
  serving(): unknown
  readonly observe: Observe | null
}

export interface ChangeFeed {
  /** Whether what is cached holds without being looked at: of each change that it was not told of, it would know by now. */
  covers(nowMs: number): boolean
  /** The first beat, and then one for each lease. What fails is told to the stream, and tried again. */
  start(): Promise<void>
  /** Something is said to have changed: reads now, not at the next beat. */
  hint(): void
  /** After a request, within its scope: for where nothing runs between requests. */
  served(scope: Scope): void
  /** Ends, and takes the runtime's row away. */
  close(): Promise<void>
}

/** Covered for no longer than a key may be used after its end. */
const MAX_COVERED_MS = 10_000
/** After a failure it tries again this soon; and two hints are apart by the other at least. */
const RETRY_MS = 1_000
const HINT_GAP_MS = 20
/** Who has read nothing for so long begins anew, well before changes are pruned. */
const MAX_GAP_MS = CHANGES_KEPT_MS / 2

/** @example const feed = createChangeFeed({ …, leaseMs: 5000 }); await feed.start(); lookup = { covered: feed.covers } */
export function createChangeFeed(options: ChangeFeedOptions): ChangeFeed {
  const { member, leaseMs, observe } = options
  const coveredMs = Math.min(leaseMs * 2, MAX_COVERED_MS)
  let last: Reading | null = null
  /** When the last one that succeeded was sent; 0 before the first. */
  let readAt = 0
  let beatenAt = 0
  let heeded = new Set<string>()
  let failing = false
  let closed = false
  let running: Promise<void> | null = null
  let hinted = false
  /** What `runtimes.serving` has. */
  let told: string | null = null
  let timer: ReturnType<typeof setTimeout> | undefined

  function covers(nowMs: number): boolean {
    return nowMs >= readAt && nowMs - readAt < coveredMs
  }

  async function beat(): Promise<void> {
    beatenAt = Date.now()
    const serving = JSON.stringify(options.serving())
    const news = serving === told ? null : serving
    const ask = async (connection: Connection, renew: boolean) =>
      connection.batch([beatStatement(await options.platform(renew), member, last?.horizon ?? null, news)])
    await read(async (connection) => {
      try {
        return await ask(connection, false)
      } catch (error) {
        if (!isRetired(error)) throw error
        return await ask(connection, true)
      }
    })
    told = serving
  }

  /** What is heeded is done before what is cached counts as covered. */
  async function read(ask: (connection: Connection) => ReturnType<Connection['batch']>): Promise<void> {
    const sentAt = Date.now()
    const [result] = await ask(options.connect())
    take(readReading(result?.rows[0]), sentAt)
  }

  function take(reading: Reading, sentAt: number): void {
    if (last === null || isCut(reading, last, sentAt - readAt)) options.forgetAll()
    else {
      const news = reading.changes.filter((change) => !heeded.has(keyOf(change)))
      if (news.length > 0) options.heed(news)
    }
    // What was read before and is not read any more lies below the horizon, or was pruned: it does not come again.
    heeded = new Set(reading.changes.map(keyOf))
    last = reading
    readAt = sentAt
  }

  /** Tells the first failure of a row, and not the others. */
  async function attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
      failing = false
    } catch (error) {
      if (!failing && !closed) observe?.({ kind: 'error', code: 'BEAT_FAILED', error })
      failing = true
    }
  }

  function plan(afterMs: number, work: () => Promise<void>): void {
    clearTimeout(timer)
    if (closed) return
    timer = setTimeout(() => run(work), afterMs)
    // A process that has nothing else to do may end.
    timer.unref?.()
  }

  /** One at a time. */
  function run(work: () => Promise<void>): Promise<void> {
    running ??= attempt(work).finally(() => {
      running = null
      if (hinted) plan(HINT_GAP_MS, readHinted)
      else plan(failing ? Math.min(RETRY_MS, leaseMs) : leaseMs, beat)
    })
    return running
  }

  /** A hint after the lease is over is a beat: a busy runtime is seen too. */
  async function readHinted(): Promise<void> {
    hinted = false
    const horizon = last?.horizon ?? null
    if (Date.now() - beatenAt >= leaseMs) await beat()
    else await read((connection) => connection.batch([readStatement(horizon)]))
  }

  return {
    covers,
    start: () => run(beat),
    hint() {
      if (hinted || closed || last === null) return
      hinted = true
      if (!running) plan(0, readHinted)
    },
    served: () => undefined,
    async close() {
      closed = true
      clearTimeout(timer)
      await running
      clearTimeout(timer)
      if (last === null) return
      readAt = 0
      await attempt(async () => {
        const statements = farewellStatements(await options.platform(false), member)
        if (statements.length > 0) await options.connect().batch(statements)
      })
    },
  }
}

/** A version of the platform's own schema has been retired, or its tables changed, as for any other. */
function isRetired(error: unknown): boolean {
  return error instanceof DatabaseError && [FENCE.retired, '42703', '42P01', '0A000'].includes(error.fields.sqlState)
}

function isCut(reading: Reading, last: Reading, gapMs: number): boolean {
  return (
    reading.overflowed ||
    reading.server !== last.server ||
    BigInt(reading.horizon) < BigInt(last.horizon) ||
    gapMs < 0 ||
    gapMs > MAX_GAP_MS
  )
}

function keyOf({ xid, entity, subject }: Reading['changes'][number]): string {
  return `${xid} ${entity} ${subject}`
}
