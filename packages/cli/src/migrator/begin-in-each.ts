/** Work in the platform's further databases: it begins in each by itself, as soon as it is there. */
import type { Database, Observe } from '@backsaas/core'
import { type Close, closeAll } from '../dev/close-all.ts'
import { becomeReady } from '../serve/become-ready.ts'

/** Null where there is nothing to close. */
export type Begin = () => Promise<{ readonly close: Close } | null>

/**
 * Runs what `beginnings` says for each database, one after the other, each until it succeeds. One that is away, or is not as it should
 * be, is told of and holds up no other.
 *
 * @param beginnings is given an `observe` by which failures say of which database they are.
 * @returns ends what has begun.
 * @example const close = beginInEach(named, observe, (name, database, observe) => [() => startRelay(database, intoOutbox(home), { observe })])
 */
export function beginInEach(
  named: Readonly<Record<string, Database>>,
  observe: Observe,
  beginnings: (name: string, database: Database, observe: Observe) => readonly Begin[],
): Close {
  const open: Close[] = []
  let stop = (): void => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const working = Object.entries(named).map(async ([name, database]) => {
    const told = tellOf(name, observe)
    for (const begin of beginnings(name, database, told)) {
      const begun = await becomeReady(
        async () => ({ work: await begin() }),
        told,
        stopped,
        () => true,
      )
      if (begun === null) return
      if (begun.work) open.push(begun.work.close)
    }
  })
  return async () => {
    stop()
    await Promise.all(working)
    await closeAll(open)
  }
}

/** The same, where failures say of which database they are. */
export function tellOf(name: string, observe: Observe): Observe {
  return (seen) => {
    if (seen.kind !== 'error') return observe(seen)
    const message = seen.error instanceof Error ? seen.error.message : String(seen.error)
    observe({ ...seen, error: new Error(`database ${name}: ${message}`, { cause: seen.error }) })
  }
}
