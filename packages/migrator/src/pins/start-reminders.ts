/** Looks for pins to remind of, now and then; any number of processes may. */
import type { Database, Observe } from '@backsaas/core'
import { createAlarm } from '../waiting/alarm.ts'
import { faultTeller, toStderr } from '../waiting/faults.ts'
import { remindPins } from './remind-pins.ts'

export interface RemindersOptions {
  /** How often it looks. Default 60,000. */
  readonly intervalMs?: number
  /** Told of failures on our side; it goes on. Default: a line on stderr. */
  readonly observe?: Observe
}

export interface Reminders {
  close(): Promise<void>
}

/** @example const reminders = await startReminders(database) */
export async function startReminders(database: Database, options: RemindersOptions = {}): Promise<Reminders> {
  const { intervalMs = 60_000, observe = toStderr('reminders') } = options
  const alarm = createAlarm()
  let isStopped = false

  async function loop(): Promise<void> {
    while (!isStopped) {
      alarm.set()
      await remindPins(database).catch(faultTeller(observe, 'REMINDERS_FAILED'))
      if (!alarm.hasRung) await alarm.wait(intervalMs)
    }
  }

  const looping = loop()
  return {
    async close() {
      isStopped = true
      alarm.ring()
      await looping
    },
  }
}
