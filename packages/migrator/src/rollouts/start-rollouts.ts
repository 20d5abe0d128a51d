/** Leads roll-outs on their way: any number of processes may; of one roll-out each step is one process's, and none is lost with it. */
import { hostname } from 'node:os'
import type { Database, Observe } from '@backsaas/core'
import { MIGRATOR_SCOPE } from '../execute/migrator-transaction.ts'
import { createPlatformReader } from '../registry/platform.ts'
import { createAlarm } from '../waiting/alarm.ts'
import { faultTeller, toStderr } from '../waiting/faults.ts'
import { listenOrLook } from '../waiting/listen-or-look.ts'
import { createTurns } from '../waiting/turns.ts'
import { advanceRollout } from './advance-rollout.ts'
import { ROLLOUTS_CHANNEL, readActive } from './rollout-row.ts'

export interface RolloutsOptions {
  /** How often it looks while a roll-out is on its way; without one, or told of one, eight times as long. Default 1,000. */
  readonly intervalMs?: number
  /** Steps at once, each of another roll-out: they take turns. Default 4. */
  readonly concurrency?: number
  /** What `rollouts.led_by` says; the host and the process unless given. */
  readonly name?: string
  /** Told of failures on our side; it goes on. Default: a line on stderr. */
  readonly observe?: Observe
}

export interface Rollouts {
  /** Ends after the steps under way. */
  close(): Promise<void>
}

/** @example const rollouts = await startRollouts(database) */
export async function startRollouts(database: Database, options: RolloutsOptions = {}): Promise<Rollouts> {
  const { intervalMs = 1000, concurrency = 4, observe = toStderr('rollouts') } = options
  const { name = `${hostname()}:${process.pid}` } = options
  const alarm = createAlarm()
  let closing = false
  const platformOf = createPlatformReader()
  const turn = createTurns(concurrency)
  const led = new Map<string, Promise<void>>()

  const onFault = faultTeller(observe, 'ROLLOUT_FAILED')

  async function loop(): Promise<void> {
    while (!closing) {
      alarm.set()
      const active = await look().catch((error: unknown) => {
        onFault(error)
        return 1
      })
      if (!alarm.hasRung && !closing) await alarm.wait(active > 0 ? intervalMs : intervalMs * 8)
    }
  }

  /** Those that are led already go on meanwhile. @returns how many are on their way. */
  async function look(): Promise<number> {
    const connection = database.open(MIGRATOR_SCOPE, 'migrator')
    const ids = await readActive(connection, await platformOf(connection))
    for (const id of ids) {
      if (led.has(id)) continue
      const leading = lead(id)
        .catch(onFault)
        .finally(() => led.delete(id))
      led.set(id, leading)
    }
    return ids.length
  }

  async function lead(id: string): Promise<void> {
    while (!closing) {
      const step = () => advanceRollout(database, id, { name, platformOf })
      const done = await turn(async () => (closing ? null : step()))
      if (!done?.more) return
    }
  }

  const stopListening = await listenOrLook(database, ROLLOUTS_CHANNEL, alarm.ring, onFault)
  const looping = loop()
  let closed: Promise<void> | undefined
  return {
    close() {
      closed ??= (async () => {
        closing = true
        alarm.ring()
        await stopListening?.()
        await looping
        await Promise.all(led.values())
      })()
      return closed
    },
  }
}
