/** Waiting that can be cut short, for a loop that looks from time to time and is told in between. */

export interface Alarm {
  /** Whether it has rung since it was set: then there is no need to wait. */
  readonly hasRung: boolean
  /** Before looking: what rings from now on may have come too late to be seen. */
  set(): void
  /** Ends the waiting under way. */
  ring(): void
  wait(ms: number): Promise<void>
}

/**
 * @example
 * const alarm = createAlarm()
 * for (;;) {
 *   alarm.set()
 *   await look()
 *   if (!alarm.hasRung) await alarm.wait(5_000)
 * }
 */
export function createAlarm(): Alarm {
  let hasRung = false
  let wake = (): void => {}
  return {
    get hasRung() {
      return hasRung
    },
    set() {
      hasRung = false
    },
    ring() {
      hasRung = true
      wake()
    },
    wait: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      }),
  }
}
