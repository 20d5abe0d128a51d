/** The waves and gates of a roll-out, as they are asked for: checked, with what is usual where nothing is said. */
import type { Json } from '@backsaas/core'

export interface Wave {
  /** Of all installs, chosen by a hash of their tenant that never changes: who is among the first 1 % is among the first 10 %. */
  readonly percent?: number
  /** CEL over the tenant: `slug in ['acme', 'globex']`, `plan == 'free'`. */
  readonly where?: string
  /** All installs in the store of that name. */
  readonly store?: string
  /** How long it is looked at before the next. */
  readonly bakeMs: number
  /** Why no gate halts it: somebody went on all the same. */
  readonly forced?: string
}

export interface Gates {
  /** Answers of the new version in a wave, before it is judged; 0 asks for none. Default 20. */
  readonly minRequests: number
  /** How much larger the share of its answers may be that failed (5xx) than that of the version before. Default 0.01. */
  readonly errorRate: number
  /** The same of those that were refused (400, 409, 422). Default 0.05. */
  readonly refusalRate: number
  /** How many times the p95 of the version before its own may be, 5 ms aside. Default 1.5. */
  readonly p95Ratio: number
  /** A p95 that is too long in any case, in milliseconds; null for none. */
  readonly p95Ms: number | null
  /** Events of tenants that have moved, since the wave began: so many of a type are too many. */
  readonly events: readonly { readonly type: string; readonly max: number }[]
  /** What happens where too few requests come to judge by, after three times the bake: `halt` (default) or `continue`. */
  readonly onSilence: 'halt' | 'continue'
}

/** What is wrong, to be said after the argument's name. */
export class RolloutFault extends Error {}

export const DEFAULT_WAVES: readonly number[] = [1, 10, 50, 100]
export const DEFAULT_BAKE = '10m'
export const DEFAULT_GATES: Gates = {
  minRequests: 20,
  errorRate: 0.01,
  refusalRate: 0.05,
  p95Ratio: 1.5,
  p95Ms: null,
  events: [],
  onSilence: 'halt',
}
const WAVES_MAX = 50
const BAKE_MAX_MS = 30 * 86_400_000
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** @returns milliseconds. @throws RolloutFault. @example readBake('10m') // 600000 */
export function readBake(value: Json): number {
  const [, amount, unit = ''] = (typeof value === 'string' && /^(\d{1,9})(ms|s|m|h|d)$/.exec(value)) || []
  const ms = typeof value === 'number' ? value * 1000 : Number(amount) * (UNITS[unit] ?? Number.NaN)
  if (ms >= 0 && ms <= BAKE_MAX_MS) return ms
  throw new RolloutFault('is no time up to 30 days: a number of seconds, or `90s`, `10m`, `2h`, `1d`')
}

/** @throws RolloutFault. @example readWaves([1, { where: "slug == 'acme'" }, 100], '10m') */
export function readWaves(value: Json, bake: Json): Wave[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > WAVES_MAX)
    throw new RolloutFault(`is no list of 1 to ${WAVES_MAX} waves`)
  const waves = value.map((one: Json) => readWave(one, bake))
  if (waves.at(-1)?.percent !== 100) throw new RolloutFault('does not end with all: the last wave is 100')
  const percents = waves.flatMap(({ percent }) => percent ?? [])
  if (percents.some((percent, i) => percent <= (percents[i - 1] ?? 0)))
    throw new RolloutFault('has a wave that is no larger than one before it')
  return waves
}

function readWave(value: Json, bake: Json): Wave {
  if (typeof value === 'number') return { percent: readPercent(value), bakeMs: readBake(bake) }
  const {
    percent,
    where,
    store,
    bake: own,
    ...rest
  } = asObject(value, 'has a wave that is neither a number nor an object')
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined)
    throw new RolloutFault(`has a wave with ${JSON.stringify(unknown)}: it has percent, where or store, and bake`)
  if ([percent, where, store].filter((one) => one !== undefined).length !== 1)
    throw new RolloutFault('has a wave that needs one of percent, where and store')
  const bakeMs = readBake(own ?? bake)
  if (percent !== undefined) return { percent: readPercent(percent), bakeMs }
  if (store !== undefined) {
    if (typeof store === 'string' && store.length > 0 && store.length <= 100) return { store, bakeMs }
    throw new RolloutFault('has a wave whose store is no name')
  }
  if (typeof where === 'string' && where.length > 0 && where.length <= 4096) return { where, bakeMs }
  throw new RolloutFault('has a wave whose `where` is no expression of 1 to 4096 characters')
}

function readPercent(value: Json): number {
  if (typeof value === 'number' && value > 0 && value <= 100) return value
  throw new RolloutFault('has a wave whose percentage is not above 0 and up to 100')
}

/** @throws RolloutFault. @example readGates({ error_rate: 0.02 }).p95Ratio // 1.5 */
export function readGates(value: Json): Gates {
  const given = asObject(value, 'is no object')
  const known = ['min_requests', 'error_rate', 'refusal_rate', 'p95_ratio', 'p95_ms', 'events', 'on_silence']
  const unknown = Object.keys(given).find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new RolloutFault(`has ${JSON.stringify(unknown)}, which is no gate: they are ${known.join(', ')}`)
  const number = (name: string, otherwise: number, min: number, max: number): number => {
    const one = given[name] ?? otherwise
    if (typeof one === 'number' && one >= min && one <= max) return one
    throw new RolloutFault(`has a ${name} that is no number from ${min} to ${max}`)
  }
  const silence = given.on_silence ?? DEFAULT_GATES.onSilence
  if (silence !== 'halt' && silence !== 'continue')
    throw new RolloutFault('has an on_silence that is neither `halt` nor `continue`')
  return {
    minRequests: number('min_requests', DEFAULT_GATES.minRequests, 0, 1e9),
    errorRate: number('error_rate', DEFAULT_GATES.errorRate, 0, 1),
    refusalRate: number('refusal_rate', DEFAULT_GATES.refusalRate, 0, 1),
    p95Ratio: number('p95_ratio', DEFAULT_GATES.p95Ratio, 1, 1000),
    p95Ms: given.p95_ms === undefined || given.p95_ms === null ? null : number('p95_ms', 0, 1, 600_000),
    events: readEvents(given.events ?? []),
    onSilence: silence,
  }
}

function readEvents(value: Json): Gates['events'] {
  if (!Array.isArray(value) || value.length > 20) throw new RolloutFault('has events that are no list of up to 20')
  return value.map((one: Json) => {
    const { type, max } = asObject(one, 'has an event that is no { type, max }')
    if (typeof type === 'string' && type.length > 0 && type.length <= 200 && typeof max === 'number' && max >= 0)
      return { type, max }
    throw new RolloutFault('has an event that is no { type, max }')
  })
}

function asObject(value: Json, otherwise: string): Readonly<Record<string, Json>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, Json>> // an object, seen here
  throw new RolloutFault(otherwise)
}
