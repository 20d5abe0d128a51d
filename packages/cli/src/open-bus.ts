/** From the environment to a bus: Redis Streams by `REDIS_URL`, else what needs no server besides the database. */
import type { Bus, Database, Observe } from '@backsaas/core'
import type { OnBusError } from '@backsaas/core/bus-parts'
import { type Command, Option } from 'commander'

/** Options that every command with a bus has. */
export interface BusOptions {
  readonly redis?: string
  readonly stream: string
}

export interface BusSettings {
  /** Null for none. */
  readonly redisUrl: string | null
  readonly stream: string
}

/** Adds `--redis` and `--stream` to a command. */
export function withBus(command: Command, without: string): Command {
  return command
    .addOption(new Option('--redis <url>', `redis://… that carries events (default: ${without})`).env('REDIS_URL'))
    .addOption(
      new Option('--stream <key>', 'the key of the stream in Redis: one for each database')
        .env('BACKSAAS_STREAM')
        .default('backsaas:events'),
    )
}

/** An empty variable is one that is not set. */
export function asBusSettings({ redis, stream }: BusOptions): BusSettings {
  return { redisUrl: redis || null, stream }
}

/**
 * The bus between processes: the stream in Redis where there is a URL, else the database's own NOTIFY.
 *
 * @throws `REDIS_URL_INVALID`, `OPTION_INVALID`; `LISTEN_UNSUPPORTED` where there is neither.
 * @example const bus = await openBus(database, { redisUrl: null, stream: 'backsaas:events' }, observe)
 */
export async function openBus(database: Database, settings: BusSettings, observe: Observe): Promise<Bus> {
  if (settings.redisUrl !== null) return openRedis(settings.redisUrl, settings.stream, observe)
  const { notify } = await import('@backsaas/adapters/buses/notify')
  return notify(database, { onError: tellBy(observe) })
}

/** The bus within this process, unless there is a Redis. */
export async function openOwnBus({ redisUrl, stream }: BusSettings, observe: Observe): Promise<Bus> {
  if (redisUrl !== null) return openRedis(redisUrl, stream, observe)
  const { memory } = await import('@backsaas/adapters/buses/memory')
  return memory({ onError: tellBy(observe) })
}

async function openRedis(url: string, stream: string, observe: Observe): Promise<Bus> {
  const { redis } = await import('@backsaas/adapters/buses/redis')
  return redis(url, { stream, onError: tellBy(observe) })
}

function tellBy(observe: Observe): OnBusError {
  return (error) => observe({ kind: 'error', code: codeOf(error), error })
}

function codeOf(error: unknown): string {
  const known = typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
  return known ? String(error.code) : 'BUS_FAILED'
}
