/** What a store's Postgres schema holds, as a plan has to know it. */
import type { Connection } from '@backsaas/core'
import { COMPUTED_TRIGGER } from '../plan/computed.ts'
import { FILL_ROWS_MAX } from '../plan/plan-version.ts'
import { qualified } from '../plan/quote.ts'
import { SYNC_TRIGGERS } from '../plan/sync-trigger.ts'
import { readMapping } from '../registry/platform.ts'
import { query } from './migrator-transaction.ts'

/** Everything in the Postgres schema, and everything that a mapping of it has ever named. */
export async function takenNames(connection: Connection, pgSchema: string): Promise<string[]> {
  const present = await query(
    connection,
    `select relname::text from pg_class where relnamespace = $1::regnamespace
     union select typname::text from pg_type where typnamespace = $1::regnamespace
     union select proname::text from pg_proc where pronamespace = $1::regnamespace
     union select conname::text from pg_constraint where connamespace = $1::regnamespace
     union select stxname::text from pg_statistic_ext where stxnamespace = $1::regnamespace`,
    [`"${pgSchema}"`],
  )
  const past = await query(
    connection,
    `select v.mapping from backsaas.versions v join backsaas.placements p on p.id = v.placement_id where p.pg_schema = $1`,
    [pgSchema],
  )
  const named = past.flatMap(([mapping]) =>
    Object.values(readMapping(mapping).entities).flatMap((entity) => [
      entity.table,
      ...Object.keys(entity.constraints),
    ]),
  )
  return [...present.map(([name]) => String(name)), ...named]
}

/** The functions that keep stored computed fields, by physical table. */
export function computedFunctions(connection: Connection, pgSchema: string): Promise<Map<string, string>> {
  return triggerFunctions(connection, pgSchema, COMPUTED_TRIGGER)
}

/** The functions that keep columns of several versions in step, by physical table. */
export function syncFunctions(connection: Connection, pgSchema: string): Promise<Map<string, string>> {
  return triggerFunctions(connection, pgSchema, SYNC_TRIGGERS.insert)
}

async function triggerFunctions(connection: Connection, pgSchema: string, name: string): Promise<Map<string, string>> {
  const rows = await query(
    connection,
    `select c.relname::text, p.proname::text from pg_trigger t
     join pg_class c on c.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid
     where c.relnamespace = $1::regnamespace and t.tgname = $2`,
    [`"${pgSchema}"`, name],
  )
  return new Map(rows.map(([table, name]) => [String(table), String(name)]))
}

/** Those of `tables` that have more rows than are filled under a lock; counted to there and no further. */
export async function crowdedTables(
  connection: Connection,
  pgSchema: string,
  tables: readonly string[],
): Promise<Set<string>> {
  const crowded = new Set<string>()
  for (const table of tables) {
    const rows = `select from ${qualified(pgSchema, table)} limit ${FILL_ROWS_MAX + 1}`
    const [count] = await query(connection, `select count(*)::text from (${rows}) as r`)
    if (Number(count?.[0]) > FILL_ROWS_MAX) crowded.add(table)
  }
  return crowded
}
