/** How long the migrator held locks that keep readers or writers out of tables of a store: looked at as often as the server answers. */
import postgres from 'postgres'

/** Modes that conflict with a write; the first keeps readers out as well. */
export const STRONG = ['AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock'] as const

export interface Hold {
  readonly mode: (typeof STRONG)[number]
  /** As seen from outside: true to the time between two looks. */
  readonly ms: number
}

export interface Holds {
  readonly all: readonly Hold[]
  readonly maxMs: number
  readonly p99Ms: number
  /** How often it looked: what is held for less than the time between two looks may be missed. */
  readonly looks: number
}

export interface LockMonitor {
  /** Asked again, it answers the same. */
  stop(): Promise<Holds>
}

/** Of the migrator's login alone: an autovacuum that cuts a table off takes such a lock too. */
const HELD = `
  select l.pid || ':' || l.relation || ':' || l.mode as held, l.mode from pg_locks l join pg_class c on c.oid = l.relation
  where l.granted and l.locktype = 'relation' and l.mode in (${STRONG.map((mode) => `'${mode}'`).join(', ')})
    and c.relkind = 'r' and c.relnamespace::regnamespace::text like '%backsaas_0%'
    and l.pid in (select pid from pg_stat_activity where usename in (select name from backsaas.logins where kind = 'migrator'))`

/**
 * @param everyMs between two looks; without it, as often as the server answers, which takes much of a processor.
 * @example const monitor = await startLockMonitor(url); await migrate(database, document); const { maxMs } = await monitor.stop()
 */
export async function startLockMonitor(url: string, everyMs = 0): Promise<LockMonitor> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  const since = new Map<string, { readonly mode: Hold['mode']; readonly at: number }>()
  const all: Hold[] = []
  let looks = 0
  let stopping = false

  async function look(): Promise<void> {
    const askedAt = performance.now()
    const rows = await sql.unsafe<{ held: string; mode: Hold['mode'] }[]>(HELD)
    looks++
    const now = new Set(rows.map(({ held }) => held))
    for (const { held, mode } of rows) if (!since.has(held)) since.set(held, { mode, at: askedAt })
    for (const [held, { mode, at }] of since) {
      if (now.has(held)) continue
      all.push({ mode, ms: performance.now() - at })
      since.delete(held)
    }
  }

  async function watch(): Promise<void> {
    while (!stopping) {
      await look()
      if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }

  await look()
  const watching = watch()
  let stopped: Promise<Holds> | undefined

  async function end(): Promise<Holds> {
    stopping = true
    await watching
    const now = performance.now()
    for (const { mode, at } of since.values()) all.push({ mode, ms: now - at })
    await sql.end()
    const sorted = all.map(({ ms }) => ms).toSorted((a, b) => a - b)
    const p99Ms = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? 0
    return { all, maxMs: sorted.at(-1) ?? 0, p99Ms, looks }
  }

  return {
    stop() {
      stopped ??= end()
      return stopped
    },
  }
}

/** @example lockFigures(await monitor.stop()) // { AccessExclusiveLock: 9, ShareRowExclusiveLock: 4, max_ms: 3.1, p99_ms: 3.1, looks: 8100 } */
export function lockFigures({ all, maxMs, p99Ms, looks }: Holds): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { mode } of all) counts[mode] = (counts[mode] ?? 0) + 1
  const round = (ms: number): number => Math.round(ms * 10) / 10
  return { ...counts, max_ms: round(maxMs), p99_ms: round(p99Ms), looks }
}
