/** What the relay clears away, a bounded batch at a time: events that were sent long ago, changes that all have read, processes that are gone. */
import { CHANGES_KEPT_MS, type Connection } from '@backsaas/core'
import { ROW_SECURITY } from '../execute/migrator-transaction.ts'
import { type Platform, tableNames } from '../registry/platform.ts'

/** Events of one batch. */
const BATCH = 2_000

/**
 * One batch of each. Of every tenant it is kept up to which position its events are gone, so that who reads on from before
 * can be told.
 *
 * @param eventsKeptMs since an event was sent.
 * @returns whether there may be more.
 */
export async function prune(connection: Connection, platform: Platform, eventsKeptMs: number): Promise<boolean> {
  const e = tableNames(platform, 'events')
  const r = tableNames(platform, 'runtimes')
  const [position, sent] = ['position', 'sent_at'].map(e.column)
  const results = await connection.batch([
    ROW_SECURITY,
    {
      text: `
        with old as (
          select ctid from ${e.table} where ${sent} < now() - make_interval(secs => $1::float8 / 1000)
          order by ${sent} limit ${BATCH} for update skip locked
        ), gone as (
          delete from ${e.table} where ctid in (select ctid from old) returning ${e.tenant} as tenant, ${position} as position
        ), noted as (
          insert into backsaas.pruned_events as p (tenant_id, position) select tenant, coalesce(max(position), 0) from gone group by 1
          on conflict (tenant_id) do update set position = greatest(p.position, excluded.position)
        )
        select count(*)::text from gone`,
      params: [String(eventsKeptMs)],
    },
    // Counted from when it is first seen, not from when it was written: its transaction may have ended long after.
    { text: 'update backsaas.changes set seen_at = clock_timestamp() where seen_at is null', params: [] },
    {
      text: 'delete from backsaas.changes where seen_at < clock_timestamp() - make_interval(secs => $1::float8 / 1000)',
      params: [String(CHANGES_KEPT_MS)],
    },
    {
      text: `delete from ${r.table} where ${r.column('seen_at')} < now() - interval '10 minutes'`,
      params: [],
    },
  ])
  return Number(results[1]?.rows[0]?.[0]) === BATCH
}
