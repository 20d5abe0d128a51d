/** Tells of pins whose deadline nears or has passed. They stay: only somebody who unpins an install lets it move. */
import type { Connection, Database, Statement } from '@backsaas/core'
import { migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { insertEvent } from '../registry/event.ts'
import { type Platform, readPlatform, tableNames } from '../registry/platform.ts'
import { canPin } from './read-pins.ts'

/** Pins of one transaction. */
const BATCH = 200

/**
 * One look. Which reminder was the last stands in the row, and changes in the transaction of the event: each is told once, however
 * many look. Of several that were missed the last is told. Times are by the database's clock.
 *
 * @returns how many were told.
 */
export async function remindPins(database: Database): Promise<number> {
  for (let told = 0; ; ) {
    const batch = await migratorTransaction(database, async (connection) => {
      const platform = await readPlatform(connection)
      if (!canPin(platform)) return 0
      const events = await takeDue(connection, platform)
      if (events.length > 0) await connection.batch(events)
      return events.length
    })
    told += batch
    if (batch < BATCH) return told
  }
}

/** A row that another one has in hand is that one's. */
async function takeDue(connection: Connection, platform: Platform): Promise<Statement[]> {
  const i = tableNames(platform, 'installs')
  const [to, until, reminder] = ['pinned_to', 'pinned_until', 'pin_reminder'].map((field) => `i.${i.column(field)}`)
  const due = `case
    when ${until} <= clock_timestamp() then 3 + floor(extract(epoch from clock_timestamp() - ${until}) / 604800)::int
    when ${until} <= clock_timestamp() + interval '1 day' then 2
    when ${until} <= clock_timestamp() + interval '7 days' then 1
    else 0 end`
  const rows = await query(
    connection,
    `with due as (
       select i.${i.tenant} as tenant, i.${i.column('id')} as id, ${due} as reminder from ${i.table} i
       where ${to} is not null and ${due} > coalesce(${reminder}, 0) limit ${BATCH} for update skip locked)
     update ${i.table} i set ${i.column('pin_reminder')} = due.reminder from due
     where i.${i.tenant} = due.tenant and i.${i.column('id')} = due.id
     returning i.${i.tenant}::text, i.${i.column('schema_id')}::text, i.${i.column('schema_name')}, i.${i.column('profile')},
       ${to}::text, (extract(epoch from ${until}) * 1000)::bigint::text, i.${i.column('pinned_reason')}, due.reminder::text`,
  )
  return rows.map((row) => {
    const [tenantId, schemaId, schema, profile] = row.slice(0, 4).map(String) as [string, string, string, string] // none is null
    const [version, until, reason, reminder] = row.slice(4)
    return insertEvent(platform, {
      type: Number(reminder) < FIRST_EXPIRED ? 'install.pin_expiring' : 'install.pin_expired',
      tenantId,
      subject: schemaId,
      data: {
        ...{ tenant_id: tenantId, schema_id: schemaId, schema, profile, version: Number(version) },
        until: new Date(Number(until)).toISOString(),
        reason: reason ?? '',
      },
    })
  })
}

const FIRST_EXPIRED = 3
