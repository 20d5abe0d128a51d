/** The way back begins with the stores that followed: the default store's version is what they go by. */
import type { Connection } from '@backsaas/core'
import type { MigrationProblem, MigrationRow } from '../execute/migration-row.ts'
import { query } from '../execute/migrator-transaction.ts'
import type { Platform } from '../registry/platform.ts'
import { returnDelivery } from './delivery-row.ts'

/** Has them take the version back. @returns those that have it yet; null where none does. */
export async function askStoresBack(
  connection: Connection,
  platform: Platform,
  { placementId, schemaId, toVersion, follows }: MigrationRow,
): Promise<MigrationProblem | null> {
  if (follows) return null
  const rows = await query(
    connection,
    `select p.id::text from backsaas.placements p join backsaas.versions v on v.placement_id = p.id
     where p.schema_id = $1 and p.id <> $2 and v.version = $3 and v.state <> 'retired'`,
    [schemaId, placementId, String(toVersion)],
  )
  if (rows.length === 0) return null
  await connection.batch(returnDelivery(platform, schemaId, toVersion))
  return {
    code: 'STORES_RETURN',
    message: `${rows.length} other stores take version ${toVersion} back first`,
    hint: 'it goes on by itself; `backsaas store status` shows them',
    count: rows.length,
  }
}
