/** The relay's statements: hold the lease, give positions, read what is unsent, mark what was sent. */
import type { Connection, Event, Json } from '@backsaas/core'
import { ROW_SECURITY } from '../execute/migrator-transaction.ts'
import { type Platform, tableNames } from '../registry/platform.ts'

export interface RelayIdentity {
  readonly holder: string
  readonly leaseMs: number
}

export interface Taken {
  /** Null where another relay holds the lease. */
  readonly epoch: string | null
  /** Positioned, committed and unsent; by position. */
  readonly events: readonly Event[]
}

/** Events of one batch; the next one follows at once. */
export const BATCH_SIZE = 500

/**
 * In one transaction: takes or renews the lease, gives the next positions to committed events that have none, and
 * reads what is to be sent. The lease's row stays locked until the commit, so positions are given by one relay at a
 * time, and an event that commits later gets a later one.
 */
export async function takeBatch(connection: Connection, platform: Platform, self: RelayIdentity): Promise<Taken> {
  const e = tableNames(platform, 'events')
  const [tenant, id, time, position, sent] = [e.tenant, ...['id', 'time', 'position', 'sent_at'].map(e.column)]
  const assign = `
    with unplaced as (
      select ${tenant} as tenant, ${id} as id, row_number() over (order by ${time}, ${id}) as nth
      from (select * from ${e.table} where ${sent} is null and ${position} is null order by ${time}, ${id} limit ${BATCH_SIZE}) oldest
    ), placed as (
      update ${e.table} as event set ${position} = lease.last_position + unplaced.nth
      from unplaced, backsaas.relay_lease lease
      where event.${tenant} = unplaced.tenant and event.${id} = unplaced.id and lease.holder = $1
      returning event.${position} as position
    )
    update backsaas.relay_lease set last_position = (select max(position) from placed)
    where holder = $1 and exists (select from placed)`
  // Ordered by the column, not by the text of the same name that is selected: 9 comes before 10.
  const unsent = `
    select ${id}::text, ${e.column('source')}, ${e.column('type')}, ${e.column('subject')}, ${rfc3339(time as string)},
           ${e.column('data')}::text, ${tenant}::text, ${position}::text
    from ${e.table} event where ${sent} is null and ${position} is not null
      and exists (select from backsaas.relay_lease where holder = $1)
    order by event.${position} limit ${BATCH_SIZE}`
  const [, lease, , rows] = await connection.batch([
    ROW_SECURITY,
    { text: LEASE, params: [self.holder, String(self.leaseMs)] },
    { text: assign, params: [self.holder] },
    { text: unsent, params: [self.holder] },
  ])
  return { epoch: lease?.rows[0]?.[0] ?? null, events: (rows?.rows ?? []).map(toEvent) }
}

/** Marks events as sent, unless the lease has gone to another relay, which then sends them again. */
export async function markSent(
  connection: Connection,
  platform: Platform,
  self: RelayIdentity,
  epoch: string,
  upTo: number,
): Promise<void> {
  const e = tableNames(platform, 'events')
  await connection.batch([
    ROW_SECURITY,
    {
      text: `update ${e.table} set ${e.column('sent_at')} = now()
             where ${e.column('sent_at')} is null and ${e.column('position')} <= $1
               and exists (select from backsaas.relay_lease where holder = $2 and epoch = $3)`,
      params: [String(upTo), self.holder, epoch],
    },
  ])
}

/** Lets the next relay take over at once. */
export async function releaseLease(connection: Connection, self: RelayIdentity): Promise<void> {
  await connection.batch([
    {
      text: `update backsaas.relay_lease set holder = null, held_until = now() where holder = $1`,
      params: [self.holder],
    },
  ])
}

/** The epoch grows whenever the lease changes hands, or had run out. */
const LEASE = `
  update backsaas.relay_lease
  set epoch = case when holder = $1 and held_until > now() then epoch else epoch + 1 end,
      holder = $1, held_until = now() + make_interval(secs => $2::float8 / 1000)
  where holder is null or holder = $1 or held_until <= now()
  returning epoch::text`

function rfc3339(column: string): string {
  return `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}

/** The columns of `unsent`, in order; the database's own checks make them whole. */
function toEvent(row: readonly (string | null)[]): Event {
  const [id, source, type, subject, time, data, tenantid, position] = row
  return {
    specversion: '1.0',
    id: String(id),
    source: String(source),
    type: String(type),
    ...(typeof subject === 'string' && { subject }),
    time: String(time),
    datacontenttype: 'application/json',
    data: JSON.parse(String(data)) as Json,
    tenantid: String(tenantid),
    position: Number(position),
  }
}
