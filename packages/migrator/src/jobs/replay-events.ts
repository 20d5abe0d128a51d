/** `replay_events`: events that were sent are sent again, by the relay as any. */
import { arrayText } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import { tableNames } from '../registry/platform.ts'
import type { Act } from './act.ts'

/** Of one job: the rest is asked for by another, from `next` on. */
const REPLAYED_MAX = 10_000

/** An event without a mark of having been sent is what the relay looks for; its position stays what it was. */
export const replayEvents: Act<'replay_events'> = async ({ from, to, types }, { connection, platform }) => {
  const e = tableNames(platform, 'events')
  const [id, position, sent] = ['id', 'position', 'sent_at'].map(e.column)
  const wanted = `${position} between $1::bigint and $2::bigint and ${sent} is not null and ($3::text[] is null or ${e.column('type')} = any ($3::text[]))`
  const params = [String(from), String(to ?? Number.MAX_SAFE_INTEGER), types ? arrayText(types) : null]
  const [row] = await query(
    connection,
    `with chosen as (select ${e.tenant} as tenant, ${id} as id, ${position} as position from ${e.table} where ${wanted}
                     order by ${position} limit ${REPLAYED_MAX}),
     unmarked as (update ${e.table} event set ${sent} = null from chosen
                  where event.${e.tenant} = chosen.tenant and event.${id} = chosen.id returning event.${position} as position)
     select count(*)::text, max(position)::text from unmarked`,
    params,
  )
  const events = Number(row?.[0])
  const last = row?.[1] ?? null
  return { result: { events, next: events === REPLAYED_MAX && last !== null ? Number(last) + 1 : null } }
}
