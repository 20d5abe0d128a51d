/** Durations: reading and writing them, and moving timestamps by them as Postgres moves a timestamp in UTC. */
import { civilOf, DAY_US, daysInMonth, daysOf, splitTimestamp, timestampOf } from './calendar.ts'
import { type Duration, ExpressionError, int64 } from './value.ts'

const ISO =
  /^P(?=.)(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})(?:\.(\d{1,6}))?S)?)?$/
const CEL = /^(-?)((?:\d{1,9}(?:\.\d{1,6})?(?:h|ms|m|s|us))+)$/
const POSTGRES =
  /^(?:([+-]?\d+) years?)? ?(?:([+-]?\d+) mons?)? ?(?:([+-]?\d+) days?)? ?(?:([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/
const CEL_UNITS: Readonly<Record<string, bigint>> = {
  h: 3_600_000_000n,
  m: 60_000_000n,
  s: 1_000_000n,
  ms: 1000n,
  us: 1n,
}
const MICROSECONDS = 1_000_000n

/** ISO 8601 (`P1DT12H`), CEL's form (`1h30m`) and Postgres' own (`1 day 02:00:00`); null where it is none. */
export function parseDuration(text: string): Duration | null {
  return parseIso(text) ?? parseCel(text) ?? parsePostgres(text)
}

function parseIso(text: string): Duration | null {
  const match = ISO.exec(text)
  if (!match) return null
  const [years, months, weeks, days, hours, minutes, seconds] = match.slice(1, 8).map((part) => BigInt(part ?? 0))
  const whole = ((hours ?? 0n) * 60n + (minutes ?? 0n)) * 60n + (seconds ?? 0n)
  return {
    months: (years ?? 0n) * 12n + (months ?? 0n),
    days: (weeks ?? 0n) * 7n + (days ?? 0n),
    microseconds: whole * MICROSECONDS + BigInt((match[8] ?? '').padEnd(6, '0')),
  }
}

function parseCel(text: string): Duration | null {
  const [, sign, parts] = CEL.exec(text) ?? []
  if (parts === undefined) return null
  let microseconds = 0n
  for (const [, whole = '0', fraction = '', unit = ''] of parts.matchAll(/(\d+)(?:\.(\d+))?(h|ms|m|s|us)/g)) {
    const size = CEL_UNITS[unit] ?? 0n
    const part = BigInt(fraction.padEnd(6, '0')) * size
    if (part % MICROSECONDS !== 0n) return null
    microseconds += BigInt(whole) * size + part / MICROSECONDS
  }
  return { months: 0n, days: 0n, microseconds: sign === '-' ? -microseconds : microseconds }
}

function parsePostgres(text: string): Duration | null {
  const match = text === '' ? null : POSTGRES.exec(text)
  if (!match) return null
  const [years, months, days] = match.slice(1, 4).map((part) => BigInt(part ?? 0))
  const [hours, minutes, seconds] = match.slice(5, 8).map((part) => BigInt(part ?? 0))
  const whole = ((hours ?? 0n) * 60n + (minutes ?? 0n)) * 60n + (seconds ?? 0n)
  const time = whole * MICROSECONDS + BigInt((match[8] ?? '').padEnd(6, '0'))
  return {
    months: (years ?? 0n) * 12n + (months ?? 0n),
    days: days ?? 0n,
    microseconds: match[4] === '-' ? -time : time,
  }
}

/** As Postgres reads it, whatever its `IntervalStyle`. */
export function durationText({ months, days, microseconds }: Duration): string {
  const size = microseconds < 0n ? -microseconds : microseconds
  const [seconds, fraction] = [size / MICROSECONDS, size % MICROSECONDS]
  const clock = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map((part) => String(part).padStart(2, '0'))
  const time = `${clock.join(':')}.${String(fraction).padStart(6, '0')}`
  return `${months} mons ${days} days ${microseconds < 0n ? '-' : ''}${time}`
}

/** What comparing goes by: a month has 30 days there, and a day 24 hours. */
export function durationSize({ months, days, microseconds }: Duration): bigint {
  return (months * 30n + days) * DAY_US + microseconds
}

/** @param sign 1n to add, -1n to subtract. @throws ExpressionError beyond Postgres' ranges. */
export function addDurations(a: Duration, b: Duration, sign: 1n | -1n): Duration {
  return durationOf({
    months: a.months + sign * b.months,
    days: a.days + sign * b.days,
    microseconds: a.microseconds + sign * b.microseconds,
  })
}

function durationOf(duration: Duration): Duration {
  const { months, days, microseconds } = duration
  const fits = BigInt.asIntN(32, months) === months && BigInt.asIntN(32, days) === days
  if (!fits || BigInt.asIntN(64, microseconds) !== microseconds) throw new ExpressionError('OUT_OF_RANGE')
  return duration
}

/** Months first (a day that the month has not is its last one), then days, then the rest. */
export function moveTimestamp(timestamp: bigint, duration: Duration, sign: 1n | -1n): bigint {
  const { months, days, microseconds } = duration
  const start = splitTimestamp(timestamp)
  let day = start.days
  if (months !== 0n) {
    const civil = civilOf(Number(day))
    const month = civil.year * 12 + civil.month - 1 + Number(sign * months)
    const [year, monthOfYear] = [Math.floor(month / 12), (((month % 12) + 12) % 12) + 1]
    const last = daysInMonth(year, monthOfYear)
    day = BigInt(daysOf({ year, month: monthOfYear, day: Math.min(civil.day, last) }))
    timestampOf(day * DAY_US + start.time)
  }
  const moved = timestampOf((day + sign * days) * DAY_US + start.time)
  return timestampOf(moved + sign * microseconds)
}

/** Whole days, and the rest, both towards zero. */
export function timestampDifference(a: bigint, b: bigint): Duration {
  const microseconds = int64(a - b)
  return durationOf({ months: 0n, days: microseconds / DAY_US, microseconds: microseconds % DAY_US })
}
