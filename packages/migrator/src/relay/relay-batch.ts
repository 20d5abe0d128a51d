/** The relay's statements: hold the lease, give positions, read what is unsent, mark what was sent. */
import type { Connection } from '@backsaas/core'
import { ROW_SECURITY } from '../execute/migrator-transaction.ts'
import { type Platform, type TableNames, tableNames } from '../registry/platform.ts'
import { type EventRow, eventColumns } from './event-rows.ts'

export interface RelayIdentity {
  readonly holder: string
  readonly leaseMs: number
}

/** What a look at the outbox found. */
export interface Look {
  /** Null where another relay holds the lease. */
  readonly epoch: string | null
  /** How long the lease of whoever holds it lasts yet. */
  readonly heldMs: number
  /** Whether anything is to be sent. */
  readonly waiting: boolean
}

/** Notified when events have got their positions and were sent: a hint, without any content. */
export const RELAYED_CHANNEL = 'backsaas_relayed'

/** Events of one batch; the next one follows at once. */
export const BATCH_SIZE = 500

/** Takes or renews the lease, and sees whether there is anything to do: all that an idle relay asks. */
export async function look(connection: Connection, platform: Platform, self: RelayIdentity): Promise<Look> {
  const e = tableNames(platform, 'events')
  const [, lease, state] = await connection.batch([
    ROW_SECURITY,
    { text: LEASE, params: [self.holder, String(self.leaseMs)] },
    {
      text: `select greatest(0, extract(epoch from held_until - now()) * 1000)::int8::text,
               exists (select from ${e.table} where ${unplaced(e)}) or exists (select from ${e.table} where ${unsent(e)})
             from backsaas.relay_lease`,
      params: [],
    },
  ])
  const [heldMs, waiting] = state?.rows[0] ?? []
  return { epoch: lease?.rows[0]?.[0] ?? null, heldMs: Number(heldMs ?? 0), waiting: waiting === 't' }
}

/**
 * In one transaction: gives the next positions to committed events that have none, and reads what is to be sent, by
 * position. Nothing where the lease has gone to another relay.
 *
 * The lease's row is locked until the commit, so positions are given by one relay at a time, and leave no number out.
 * Those seen together are ordered by `time`, the database's clock when the event was written: of two transactions one of
 * which began to write after the other had committed, the earlier one's events come first, whichever look finds them.
 */
export async function takeBatch(
  connection: Connection,
  platform: Platform,
  self: RelayIdentity,
  epoch: string,
): Promise<readonly EventRow[]> {
  const e = tableNames(platform, 'events')
  const [tenant, id, time, position] = [e.tenant, ...['id', 'time', 'position'].map(e.column)]
  const assign = `
    with unplaced as (
      select ${tenant} as tenant, ${id} as id, row_number() over (order by ${time}, ${id}) as nth
      from (select * from ${e.table} where ${unplaced(e)} order by ${time}, ${id} limit ${BATCH_SIZE}) oldest
    ), placed as (
      update ${e.table} as event set ${position} = lease.last_position + unplaced.nth
      from unplaced, backsaas.relay_lease lease
      where event.${tenant} = unplaced.tenant and event.${id} = unplaced.id and ${HELD}
      returning event.${position} as position
    )
    update backsaas.relay_lease lease set last_position = (select max(position) from placed)
    where ${HELD} and exists (select from placed)`
  // Ordered by the column, not by the text of the same name that is selected: 9 comes before 10.
  const read = `
    select ${eventColumns(e)}
    from ${e.table} event where ${unsent(e)} and exists (select from backsaas.relay_lease lease where ${HELD})
    order by event.${position} limit ${BATCH_SIZE}`
  const held = [self.holder, epoch]
  const [, , , rows] = await connection.batch([
    ROW_SECURITY,
    { text: `select from backsaas.relay_lease lease where ${HELD} for update`, params: held },
    { text: assign, params: held },
    { text: read, params: held },
  ])
  return rows?.rows ?? []
}

/**
 * Marks events as sent, unless the lease has gone to another relay, which then sends them again.
 *
 * @returns whether the lease is held still.
 */
export async function markSent(
  connection: Connection,
  platform: Platform,
  self: RelayIdentity,
  epoch: string,
  upTo: number,
): Promise<boolean> {
  const e = tableNames(platform, 'events')
  const [, , , lease] = await connection.batch([
    ROW_SECURITY,
    {
      text: `update ${e.table} set ${e.column('sent_at')} = now()
             where ${unsent(e)} and ${e.column('position')} <= $3::bigint
               and exists (select from backsaas.relay_lease lease where ${HELD})`,
      params: [self.holder, epoch, String(upTo)],
    },
    // For who follows the table itself. After the bus, so that what waits for this commit is not what waits for events.
    { text: `select pg_notify('${RELAYED_CHANNEL}', '')`, params: [] },
    // A relay that has much to send keeps its lease by sending.
    {
      text: `update backsaas.relay_lease lease set held_until = now() + make_interval(secs => $3::float8 / 1000) where ${HELD}`,
      params: [self.holder, epoch, String(self.leaseMs)],
    },
  ])
  return lease?.count === 1
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

const HELD = 'lease.holder = $1 and lease.epoch = $2::bigint'

/** As the partial indexes of the outbox say it: see `installPlatform`. */
function unplaced(e: TableNames): string {
  return `${e.column('position')} is null and ${e.column('sent_at')} is null`
}

function unsent(e: TableNames): string {
  return `${e.column('position')} is not null and ${e.column('sent_at')} is null`
}
