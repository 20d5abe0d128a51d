/** Follows the newest roll-out until it is over: told whenever it has changed. */
import { setTimeout as delay } from 'node:timers/promises'
import type { JsonObject } from '@backsaas/core'
import type { Io } from '../io.ts'
import { isOver, rolloutLines } from './rollout-lines.ts'

const EVERY_MS = 1000

export async function watchRollout(read: () => Promise<readonly JsonObject[]>, io: Io, asJson: boolean): Promise<void> {
  for (let told = ''; ; ) {
    const [row] = await read()
    if (!row) return io.out(asJson ? 'null' : 'there has been no roll-out')
    const text = asJson ? JSON.stringify(row) : rolloutLines(row).join('\n')
    if (text !== told) io.out(text)
    told = text
    if (isOver(row)) return
    await delay(EVERY_MS)
  }
}
