/** Before anything else of a process: its clock is off by `SHIFT_MS`, as one that nobody has set. Timers are not, for they do not ask it. */
const shiftMs = Number(process.env.SHIFT_MS)
const Right = Date

globalThis.Date = class extends Right {
  constructor(...given: readonly unknown[]) {
    if (given.length === 0) super(Right.now() + shiftMs)
    else super(...(given as [number]))
  }
  static override now(): number {
    return Right.now() + shiftMs
  }
} as DateConstructor
