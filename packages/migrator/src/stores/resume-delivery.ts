/** A delivery that is gone on with because somebody asked: stores where it failed are tried again, and how it goes may be said anew. */
import { DatabaseError, type Statement } from '@backsaas/core'
import { migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { readPlatform } from '../registry/platform.ts'
import { changeDeliveries, checkPlan, type DeliveryPlan, tellDeliverers } from './delivery-row.ts'
import type { Fleet } from './fleet.ts'

/**
 * Of what is not over. A database that cannot be reached is passed over: the delivery itself says so of its stores.
 *
 * @param plan what of it is given holds from now on.
 * @throws `DELIVERY_INVALID` (422).
 */
export async function resumeDelivery(fleet: Fleet, schemaId: string, plan: DeliveryPlan = {}): Promise<void> {
  checkPlan(plan)
  const names = await migratorTransaction(fleet.home, async (connection) => {
    await connection.batch([...changeDeliveries(await readPlatform(connection), schemaId, plan), tellDeliverers()])
    return query(connection, 'select distinct database from backsaas.placements where schema_id = $1', [schemaId])
  })
  for (const [name] of names) {
    const database = name ? fleet.named[name] : fleet.home
    if (!database) continue
    try {
      await migratorTransaction(database, (connection) => connection.batch([retry(schemaId)]))
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error
    }
  }
}

/** What failed, and rows that stood in the way: whoever runs it looks again. */
function retry(schemaId: string): Statement {
  return {
    text: `update backsaas.migrations set state = 'ready', problem = null
           where schema_id = $1 and follows and state in ('blocked', 'failed') and phase not in ('done', 'rolled_back')`,
    params: [schemaId],
    prepare: false,
  }
}
