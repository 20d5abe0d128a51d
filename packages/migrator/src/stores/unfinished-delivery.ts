/** What a contract that has ended in the default store has left to do in others. */
import type { Database } from '@backsaas/core'
import { migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { readPlatform, tableNames } from '../registry/platform.ts'
import { type Delivery, deliveryColumns, hasDeliveries, toDelivery } from './delivery-row.ts'

/** Of the schema's deliveries that are not over, the oldest whose migration is done in the default store. */
export function unfinishedDelivery(home: Database, schemaId: string): Promise<Delivery | null> {
  return migratorTransaction(home, async (connection) => {
    const platform = await readPlatform(connection)
    if (!hasDeliveries(platform)) return null
    const names = tableNames(platform, 'deliveries')
    const { table, column } = names
    const [row] = await query(
      connection,
      `select ${deliveryColumns(names)} from ${table} d
       where ${column('schema_id')} = $1 and ${column('state')} not in ('done', 'rolled_back') and exists (
         select from backsaas.migrations m where m.schema_id = d.${column('schema_id')} and m.to_version = d.${column('version')}
           and m.phase = 'done' and not m.follows)
       order by ${column('version')}, ${column('id')} desc limit 1`,
      [schemaId],
    )
    return row ? toDelivery(row) : null
  })
}
