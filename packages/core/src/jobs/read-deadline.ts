/** A deadline as people say it: from now on, or at a time. */

export type Deadline = { readonly afterMs: number } | { readonly atMs: number }

const DURATION = /^(\d{1,6})([mhdw])$/
const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
/** RFC 3339. */
const TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/

/**
 * @returns null where it is neither a duration (`90m`, `36h`, `30d`, `8w`) nor a time (RFC 3339).
 * @example readDeadline('30d') // { afterMs: 2592000000 }
 */
export function readDeadline(text: string): Deadline | null {
  const duration = DURATION.exec(text)
  if (duration) return { afterMs: Number(duration[1]) * UNITS_MS[duration[2] as keyof typeof UNITS_MS] } // as matched
  const time = TIME.exec(text)
  if (!time) return null
  const [year, month, day] = time.slice(1, 4).map(Number) as [number, number, number] // groups of digits
  const atMs = Date.parse(text.toUpperCase().replace(' ', 'T'))
  const isInCalendar = new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day
  return Number.isNaN(atMs) || !isInCalendar ? null : { atMs }
}
