/** Carries events from the outbox to the bus: one relay per database at a time, at least once, in one order. */
import { randomUUID } from 'node:crypto'
import type { Bus, Database, Observe } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { MIGRATOR_SCOPE, migratorTransaction } from '../execute/migrator-transaction.ts'
import { type Platform, readPlatform } from '../registry/platform.ts'
import { BATCH_SIZE, markSent, type RelayIdentity, releaseLease, takeBatch } from './relay-batch.ts'

export interface RelayOptions {
  /** How long the lease outlasts a relay that dies; also how often an idle relay looks. Default 15,000. */
  readonly leaseMs?: number
  /** How soon it looks again after something happened; doubles while nothing does. Default 250. */
  readonly intervalMs?: number
  /** Told of failures; the relay goes on. Default: a line on stderr. */
  readonly observe?: Observe
}

export interface Relay {
  /** Looks at the outbox now: for who has just written to it in this process. */
  kick(): void
  /** Ends after the batch under way, and gives the lease back. */
  close(): Promise<void>
}

/**
 * Starts relaying. Another relay of the same database waits for the lease, and takes over when it runs out.
 *
 * @throws `NOT_BOOTSTRAPPED` (503).
 * @example const relay = await startRelay(database, memory())
 */
export async function startRelay(database: Database, bus: Bus, options: RelayOptions = {}): Promise<Relay> {
  const { leaseMs = 15_000, intervalMs = 250, observe = writeError } = options
  // The lease is kept for twice the pause between looks, so that an idle holder is never too late.
  const self: RelayIdentity = { holder: randomUUID(), leaseMs: leaseMs * 2 }
  let platform = await migratorTransaction(database, readPlatform)
  let pauseMs = intervalMs
  let closing = false
  let kicked = false
  let wake = (): void => {}

  async function run(): Promise<void> {
    while (!closing) {
      kicked = false
      const sent = await attempt()
      pauseMs = sent > 0 ? intervalMs : Math.min(pauseMs * 2, leaseMs)
      if (sent < BATCH_SIZE && !kicked && !closing) await pause(pauseMs)
    }
  }

  async function attempt(): Promise<number> {
    try {
      return await relayBatch(database, bus, platform, self)
    } catch (error) {
      observe({ kind: 'error', code: error instanceof BackSaasError ? error.code : 'RELAY_FAILED', error })
      if (!closing) platform = await refresh(platform)
      return 0
    }
  }

  /** The platform's own mapping may have moved on. */
  async function refresh(known: Platform): Promise<Platform> {
    try {
      return await migratorTransaction(database, readPlatform)
    } catch (error) {
      observe({ kind: 'error', code: error instanceof BackSaasError ? error.code : 'RELAY_FAILED', error })
      return known
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async function end(): Promise<void> {
    closing = true
    wake()
    await running
    await releaseLease(database.open(MIGRATOR_SCOPE, 'migrator'), self)
  }

  let closed: Promise<void> | undefined
  const running = run()
  return {
    kick() {
      kicked = true
      pauseMs = intervalMs
      wake()
    },
    close() {
      closed ??= end()
      return closed
    },
  }
}

/** One batch from the outbox to the bus. @returns how many events were sent. */
async function relayBatch(database: Database, bus: Bus, platform: Platform, self: RelayIdentity): Promise<number> {
  const connection = database.open(MIGRATOR_SCOPE, 'migrator')
  const { epoch, events } = await takeBatch(connection, platform, self)
  const last = events.at(-1)?.position
  if (epoch === null || last === undefined) return 0
  await bus.publish(events)
  await markSent(connection, platform, self, epoch, last)
  return events.length
}

const writeError: Observe = (observation) => {
  if (observation.kind === 'error') process.stderr.write(`relay: ${observation.code}: ${String(observation.error)}\n`)
}
