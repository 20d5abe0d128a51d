/** Carries events from the outbox to the bus, or into another outbox: one relay per database at a time, at least once, in one order. */
import { randomUUID } from 'node:crypto'
import { BackSaasError, type Bus, type Connection, type Database, type Observe } from '@backsaas/core'
import { readPlace } from '../bootstrap/read-place.ts'
import { MIGRATOR_SCOPE, migratorTransaction } from '../execute/migrator-transaction.ts'
import { type Platform, readPlatform } from '../registry/platform.ts'
import { createAlarm } from '../waiting/alarm.ts'
import { faultTeller, toStderr } from '../waiting/faults.ts'
import { listenOrLook } from '../waiting/listen-or-look.ts'
import { positionOf, readEvent } from './event-rows.ts'
import type { Outbox } from './into-outbox.ts'
import { prune } from './prune.ts'
import { BATCH_SIZE, look, markSent, type RelayIdentity, releaseLease, takeBatch } from './relay-batch.ts'

export interface RelayOptions {
  /** How long the lease outlasts a relay that dies, halved; also how often an idle relay looks. Default 5,000. */
  readonly leaseMs?: number
  /** How soon it looks again after something happened; doubles while nothing does. Default 250. */
  readonly intervalMs?: number
  /** How long an event is kept after it was sent. Default 30 days. */
  readonly eventsKeptMs?: number
  /** How often what is not kept any longer is cleared away. Default 60,000. */
  readonly pruneEveryMs?: number
  /** Told of failures; the relay goes on. Default: a line on stderr. */
  readonly observe?: Observe
}

export interface Relay {
  /** Looks at the outbox now: for who has just written to it in this process. */
  kick(): void
  /** Ends after the batch under way, and gives the lease back. */
  close(): Promise<void>
}

/** A bus or database that is away is tried again at least so often. */
const LONGEST_RETRY_MS = 2_000
const DAY_MS = 86_400_000

/**
 * Starts relaying. Another relay of the same database waits for the lease, and takes over when it runs out.
 *
 * Where the database can listen, events of the registry wake it at once. Events of records do not, and are found when it
 * looks: every `intervalMs` while there is something to send, every `leaseMs` while there is not.
 *
 * @param to a bus; of a database that is not the one of the registry, that one's outbox.
 * @throws `NOT_BOOTSTRAPPED` (503); `NOT_HOME` (409) where the registry is in another database, and `to` is a bus;
 *   `DATABASE_TAKEN` (409) where `to` is the outbox of another platform.
 * @example const relay = await startRelay(database, memory())
 * @example const relay = await startRelay(eu, intoOutbox(database))
 */
export async function startRelay(database: Database, to: Bus | Outbox, options: RelayOptions = {}): Promise<Relay> {
  const { leaseMs = 5_000, intervalMs = 250, observe = toStderr('relay') } = options
  const report = faultTeller(observe, 'RELAY_FAILED')
  const { eventsKeptMs = 30 * DAY_MS, pruneEveryMs = 60_000 } = options
  // The lease is kept for twice the pause between looks, so that an idle holder is never too late.
  const self: RelayIdentity = { holder: randomUUID(), leaseMs: leaseMs * 2 }
  let platform = await migratorTransaction(database, async (connection) => {
    if (!('insert' in to)) await refuseNamed(connection)
    return readPlatform(connection)
  })
  if ('insert' in to) await to.admit(database)
  let pauseMs = intervalMs
  let closing = false
  const alarm = createAlarm()
  let prunedAt = Date.now()

  async function run(): Promise<void> {
    while (!closing) {
      alarm.set()
      await attempt()
      if (!alarm.hasRung && !closing) await alarm.wait(pauseMs)
    }
  }

  /** Sends what there is to send, and sets how long to wait. */
  async function attempt(): Promise<void> {
    try {
      const { sent, heldMs } = await relay()
      if (heldMs === null && Date.now() - prunedAt >= pruneEveryMs && !closing) await clear()
      if (sent > 0) pauseMs = intervalMs
      else pauseMs = heldMs === null ? Math.min(pauseMs * 2, leaseMs) : Math.min(heldMs + intervalMs, leaseMs)
    } catch (error) {
      report(error)
      pauseMs = Math.min(pauseMs * 2, leaseMs, LONGEST_RETRY_MS)
      if (!closing) platform = await refresh(platform)
    }
  }

  /** One batch between two looks, so that what is to be sent never waits for more. */
  async function clear(): Promise<void> {
    if (await prune(database.open(MIGRATOR_SCOPE, 'migrator'), platform, eventsKeptMs)) alarm.ring()
    else prunedAt = Date.now()
  }

  /** Batch after batch, until nothing is left. `heldMs`: how long another relay has the lease yet. */
  async function relay(): Promise<{ readonly sent: number; readonly heldMs: number | null }> {
    const connection = database.open(MIGRATOR_SCOPE, 'migrator')
    const { epoch, heldMs, waiting } = await look(connection, platform, self)
    if (epoch === null) return { sent: 0, heldMs }
    let sent = 0
    for (let more = waiting; more && !closing; ) {
      const taken = await relayBatch(connection, to, platform, self, epoch)
      sent += taken
      more = taken === BATCH_SIZE
    }
    return { sent, heldMs: null }
  }

  /** The platform's own mapping may have moved on. */
  async function refresh(known: Platform): Promise<Platform> {
    try {
      return await migratorTransaction(database, readPlatform)
    } catch (error) {
      report(error)
      return known
    }
  }

  function kick(): void {
    pauseMs = intervalMs
    alarm.ring()
  }

  async function end(): Promise<void> {
    closing = true
    await stopListening?.()
    alarm.ring()
    await running
    await releaseLease(database.open(MIGRATOR_SCOPE, 'migrator'), self)
  }

  const stopListening = await listenOrLook(database, 'backsaas_outbox', kick, report)
  let closed: Promise<void> | undefined
  const running = run()
  return {
    kick,
    close() {
      closed ??= end()
      return closed
    },
  }
}

/** The positions that a bus tells are those of the registry's outbox. */
async function refuseNamed(connection: Connection): Promise<void> {
  const name = (await readPlace(connection))?.name ?? null
  if (name === null) return
  const message = `this is the database ${JSON.stringify(name)}: its events go into the outbox of the registry's`
  throw new BackSaasError('NOT_HOME', 409, message, {
    hint: 'relay them there: startRelay(database, intoOutbox(home))',
  })
}

/** One batch from the outbox on. @returns how many events were sent; none where the lease is lost. */
async function relayBatch(
  connection: Connection,
  to: Bus | Outbox,
  platform: Platform,
  self: RelayIdentity,
  epoch: string,
): Promise<number> {
  const rows = await takeBatch(connection, platform, self, epoch)
  const last = rows.at(-1)
  if (last === undefined) return 0
  if ('insert' in to) await to.insert(rows)
  else await to.publish(rows.map(readEvent))
  return (await markSent(connection, platform, self, epoch, positionOf(last))) ? rows.length : 0
}
