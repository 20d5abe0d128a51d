/** How long locks that keep readers or writers out were held on tables of the store: looked at as often as the server answers. */
import postgres from 'postgres'

export interface LockMonitor {
  /** Milliseconds, of each time that one was held, as seen from outside: true to some 2 ms. */
  stop(): Promise<readonly number[]>
}

const HELD = `
  select l.pid || ':' || l.relation || ':' || l.mode as held from pg_locks l join pg_class c on c.oid = l.relation
  where l.granted and l.locktype = 'relation' and l.mode in ('AccessExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock')
    and c.relkind = 'r' and c.relnamespace::regnamespace::text like '%backsaas_0%'`

export function startLockMonitor(url: string): LockMonitor {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  const since = new Map<string, number>()
  const holds: number[] = []
  let stopping = false
  const loop = (async (): Promise<void> => {
    while (!stopping) {
      const askedAt = performance.now()
      const rows = await sql.unsafe(HELD)
      const now = new Set(rows.map(({ held }) => String(held)))
      for (const held of now) if (!since.has(held)) since.set(held, askedAt)
      for (const [held, at] of since) {
        if (now.has(held)) continue
        holds.push(performance.now() - at)
        since.delete(held)
      }
    }
  })()
  return {
    async stop() {
      stopping = true
      await loop
      await sql.end()
      return holds
    },
  }
}
