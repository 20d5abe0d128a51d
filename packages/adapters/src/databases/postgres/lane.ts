/**
 * One connection to Postgres, driven by a postgres.js client of its own.
 *
 * The driver's pool is not used: it loses half its throughput under a standing queue, and it hands statements that
 * were left of a lost transaction to the next connection. A lane is taken by one piece of work at a time, so a
 * connection that goes away fails exactly that work.
 */
import type { DatabaseError, Statement } from '@backsaas/core'
import driver, { type ReservedSql, type Sql } from 'postgres'
import { type Lane, type LaneOptions, MAX_PREPARED } from '../lane.ts'
import { unreachable } from '../server-error.ts'
import type { Answer, Outcome } from '../session.ts'
import { connectError, queryError } from './driver-error.ts'

/** The driver sends a longer batch one by one from its 100th statement on; its types do not know the option. */
const LONG_PIPELINE = { max_pipeline: 1000 }

/** Text goes out and comes in as it is: left alone, the driver would make `f` of the boolean `true`. */
const AS_IT_IS = {
  to: 25,
  // Every type that postgres.js serialises or parses by default.
  from: [16, 17, 21, 23, 25, 26, 114, 700, 701, 1082, 1114, 1184, 3802],
  serialize: (text: string): string => text,
  parse: (text: string): string => text,
}

/**
 * Connects.
 *
 * @throws `DATABASE_UNREACHABLE` (503) where that fails or takes longer than `connectTimeoutMs`.
 */
export async function openLane(options: LaneOptions): Promise<Lane> {
  let lost = false
  const waiting = new Set<(error: DatabaseError) => void>()
  const sql = createClient(options, () => {
    lost = true
    for (const fail of waiting) fail(connectionLost())
  })
  const reserved = await reserve(sql, options.connectTimeoutMs)
  const prepared = new Set<string>()

  return {
    async send(statements) {
      if (lost) return { ok: false, error: connectionLost(), stale: false }
      for (const { text, prepare } of statements) if (prepare !== false) prepared.add(text)
      return new Promise((resolve, reject) => {
        // The driver never settles a statement that was not on the wire yet when its connection was lost.
        const fail = (error: DatabaseError) => resolve({ ok: false, error, stale: false })
        waiting.add(fail)
        sendAll(reserved, statements)
          .then(resolve, reject)
          .finally(() => waiting.delete(fail))
      })
    },
    usable: () => !lost && prepared.size <= MAX_PREPARED,
    async close() {
      if (!lost) reserved.release()
      // The driver waits for ever for the statements of a lost connection.
      await sql.end({ timeout: lost ? 0 : 5 })
    },
  }
}

function connectionLost(): DatabaseError {
  return unreachable('08006', 'the connection to Postgres was lost')
}

/**
 * A client of one connection, which it has not made yet.
 *
 * @param more options of the driver besides.
 * @throws where the URL is none.
 */
export function createClient(options: LaneOptions, onLost: () => void, more: object = {}): Sql {
  const { url, login, settings, connectTimeoutMs } = options
  return driver(url, {
    max: 1,
    ...LONG_PIPELINE,
    fetch_types: false,
    types: { asItIs: AS_IT_IS },
    connect_timeout: Math.ceil(connectTimeoutMs / 1000),
    // 0: the pool sees to it.
    idle_timeout: 0,
    max_lifetime: 0,
    ...more,
    connection: settings,
    onnotice: () => {},
    onclose: onLost,
    ...(login && { user: login.name, password: login.password ?? '' }),
  })
}

/** Makes the connection and keeps it: a reserved connection sends what it is given without awaiting answers. */
export async function reserve(sql: Sql, timeoutMs: number): Promise<ReservedSql> {
  let timer: ReturnType<typeof setTimeout> | undefined
  // The driver tries again for ever where something accepts connections only to close them.
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs + 500)
  })
  try {
    // A `reserve()` that has to connect first is tried once more, unseen, after it failed; a query is not.
    return await Promise.race([sql.unsafe('select 1').then(() => sql.reserve()), late])
  } catch (error) {
    await sql.end({ timeout: 0 })
    throw connectError(error, sql.options)
  } finally {
    clearTimeout(timer)
  }
}

async function sendAll(reserved: ReservedSql, statements: readonly Statement[]): Promise<Outcome> {
  let stale = false
  const queries = statements.map(({ text, params, prepare = true }) => {
    // `simple: false`: the driver would send a text without parameters by the protocol that allows several statements.
    const options = { prepare, simple: false }
    const query = reserved.unsafe(text, [...params], options).values()
    forbidResending(query, () => {
      stale = true
    })
    return query
  })
  const answers: Answer[] = []
  for (const settled of await Promise.allSettled(queries)) {
    if (settled.status === 'rejected') return { ok: false, error: queryError(settled.reason), stale }
    const { value } = settled
    answers.push({ rows: value.slice(), count: value.count ?? 0, command: value.command ?? '' })
  }
  return { ok: true, answers }
}

/**
 * Keeps the driver from sending a statement again whose prepared plan went stale: it would send it behind what is
 * already on the wire, so behind the COMMIT, outside its transaction. It announces the second sending by setting
 * `retried`, and does not send what is `cancelled`.
 */
function forbidResending(query: object, onStale: () => void): void {
  Object.defineProperty(query, 'retried', {
    get: () => undefined,
    set(this: { cancelled: unknown; reject(error: unknown): void }, error: unknown) {
      onStale()
      this.cancelled = true
      this.reject(error)
    },
  })
}
