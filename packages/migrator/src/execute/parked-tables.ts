/** Tables that no version has any more: put aside by a contract, and dropped when somebody says so. */
import type { Database } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { migratorTransaction, query, runDdl } from './migrator-transaction.ts'

export interface ParkedTable {
  /** Qualified and quoted where it has to be. */
  readonly name: string
  readonly schema: string
  readonly entity: string
  readonly parkedAt: string
  /** As the catalogue estimates them. */
  readonly rows: number
}

const PARKED = `
  select p.name, m.schema_name, p.entity, to_char(p.parked_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), greatest(c.reltuples, 0)::bigint::text
  from backsaas.parked_tables p join backsaas.migrations m on m.id = p.migration_id join pg_class c on c.oid = to_regclass(p.name)
  where p.dropped_at is null`

/** Those that are still there, the oldest first. */
export async function parkedTables(database: Database): Promise<readonly ParkedTable[]> {
  const rows = await migratorTransaction(database, (connection) => query(connection, `${PARKED} order by p.parked_at`))
  return rows.map(([name, schema, entity, parkedAt, count]) => ({
    name: String(name),
    schema: String(schema),
    entity: String(entity),
    parkedAt: String(parkedAt),
    rows: Number(count),
  }))
}

/**
 * Drops one for good. What refers to it stands in the way, as nothing is dropped with it.
 *
 * @param name as `parkedTables` has it.
 * @throws `PARKED_UNKNOWN` (404).
 */
export async function dropParkedTable(database: Database, name: string): Promise<void> {
  await migratorTransaction(database, async (connection) => {
    const [found] = await query(connection, `${PARKED} and p.name = $1 for update of p`, [name])
    if (!found) {
      throw new BackSaasError('PARKED_UNKNOWN', 404, `no table "${name}" was put aside`, {
        hint: '`backsaas parked` lists those that are',
      })
    }
    await runDdl(connection, [`drop table ${name}`])
    await query(connection, 'update backsaas.parked_tables set dropped_at = clock_timestamp() where name = $1', [name])
  })
}
