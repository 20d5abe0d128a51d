/** Dates, times and timestamps as numbers: reading, writing and their parts. Always the Gregorian calendar and UTC. */
import { ExpressionError } from './value.ts'

/** `year` 0 is 1 BC. */
export interface Civil {
  readonly year: number
  readonly month: number
  readonly day: number
}

export const DAY_US = 86_400_000_000n
/** Postgres' range: 4713 BC to 294276. */
const TIMESTAMP_MIN = -210_866_803_200_000_000n
const TIMESTAMP_END = 9_224_318_016_000_000_000n

const DATE = /^(\d{4,7})-(\d\d)-(\d\d)( BC)?$/
const TIME = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?$/
const TIMESTAMP = /^(\d{4,6}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,6})?)(Z|[+-]\d\d(?::?\d\d)?(?::\d\d)?)( BC)?$/

/** Days since 1970-01-01. */
export function daysOf({ year, month, day }: Civil): number {
  const y = month > 2 ? year : year - 1
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

export function civilOf(days: number): Civil {
  const z = days + 719_468
  const era = Math.floor(z / 146_097)
  const dayOfEra = z - era * 146_097
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096)
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

export function daysInMonth(year: number, month: number): number {
  const next = month === 12 ? { year: year + 1, month: 1, day: 1 } : { year, month: month + 1, day: 1 }
  return daysOf(next) - daysOf({ year, month, day: 1 })
}

/** Null where the text is no day of the calendar. */
export function parseDate(text: string): bigint | null {
  const [, years = '', months = '', days = '', bc] = DATE.exec(text) ?? []
  const year = bc ? 1 - Number(years) : Number(years)
  const [month, day] = [Number(months), Number(days)]
  if (Number(years) === 0 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null
  return BigInt(daysOf({ year, month, day }))
}

/** Microseconds since midnight; Postgres knows 24:00:00. */
export function parseTime(text: string): bigint | null {
  const [, hours, minutes, seconds = '0', fraction = ''] = TIME.exec(text) ?? []
  if (hours === undefined || Number(minutes) > 59 || Number(seconds) > 59) return null
  const whole = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  const time = BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'))
  return time <= DAY_US ? time : null
}

/** Microseconds since 1970; null where it is none, or says no zone. */
export function parseTimestamp(text: string): bigint | null {
  const [, date, clock, zone, bc = ''] = TIMESTAMP.exec(text) ?? []
  if (date === undefined || clock === undefined || zone === undefined) return null
  const [days, time] = [parseDate(date + bc), parseTime(clock)]
  const offset = zoneSeconds(zone)
  if (days === null || time === null || offset === null) return null
  const instant = days * DAY_US + time - BigInt(offset) * 1_000_000n
  return isTimestamp(instant) ? instant : null
}

function zoneSeconds(zone: string): number | null {
  if (zone === 'Z') return 0
  const [, hours = '0', minutes = '0', seconds = '0'] = /^.(\d\d):?(\d\d)?:?(\d\d)?$/.exec(zone) ?? []
  if (Number(hours) > 15 || Number(minutes) > 59 || Number(seconds) > 59) return null
  return (zone.startsWith('-') ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds))
}

function isTimestamp(microseconds: bigint): boolean {
  return microseconds >= TIMESTAMP_MIN && microseconds < TIMESTAMP_END
}

/** @throws ExpressionError where Postgres has no such timestamp. */
export function timestampOf(microseconds: bigint): bigint {
  if (!isTimestamp(microseconds)) throw new ExpressionError('OUT_OF_RANGE')
  return microseconds
}

/** `2026-01-31`. */
export function dateText(days: bigint): string {
  const { year, month, day } = civilOf(Number(days))
  return `${pad(year > 0 ? year : 1 - year, 4)}-${pad(month, 2)}-${pad(day, 2)}${year > 0 ? '' : ' BC'}`
}

/** `17:30:00`, and decimals where there are any. */
export function timeText(time: bigint): string {
  const seconds = Number(time / 1_000_000n)
  const fraction = pad(Number(time % 1_000_000n), 6).replace(/0+$/, '')
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((part) => pad(part, 2))
  return clock.join(':') + (fraction === '' ? '' : `.${fraction}`)
}

/** `2026-01-31T17:30:00.000000Z`: always six decimals, so that texts of one length order as the instants do. */
export function timestampText(microseconds: bigint): string {
  const { days, time } = splitTimestamp(microseconds)
  const [date = '', era = ''] = dateText(days).split(/(?= BC)/)
  const [clock = '', fraction = ''] = timeText(time).split('.')
  return `${date}T${clock}.${fraction.padEnd(6, '0')}Z${era}`
}

export function splitTimestamp(microseconds: bigint): { readonly days: bigint; readonly time: bigint } {
  const time = ((microseconds % DAY_US) + DAY_US) % DAY_US
  return { days: (microseconds - time) / DAY_US, time }
}

function pad(value: number, length: number): string {
  return String(value).padStart(length, '0')
}
