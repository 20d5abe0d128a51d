/** The way back begins with the stores that followed: the default store's version is what they go by. */
import type { Connection } from '@backsaas/core'
import type { MigrationProblem, MigrationRow } from '../execute/migration-row.ts'
import { query } from '../execute/migrator-transaction.ts'
import type { Platform } from '../registry/platform.ts'
import { openDelivery, returnDelivery } from './delivery-row.ts'

type Led = Pick<MigrationRow, 'placementId' | 'schemaId' | 'toVersion' | 'follows'>

/** Has them take the version back. @returns what is waited for; null where none has it. */
export async function askStoresBack(
  connection: Connection,
  platform: Platform,
  migration: MigrationRow,
): Promise<MigrationProblem | null> {
  const { id, schemaId, toVersion, ownerId, schema } = migration
  const { length } = await followers(connection, migration)
  if (length === 0) return null
  await openDelivery(connection, platform, { ownerId, schemaId, schema, version: toVersion })
  await connection.batch([
    ...returnDelivery(platform, schemaId, toVersion),
    // From here on it is gone on with, whoever asked for it: stores have begun to lose the version.
    { text: `update backsaas.migrations set wanted = 'rolled_back' where id = $1`, params: [id], prepare: false },
  ])
  return {
    code: 'STORES_RETURN',
    message: `${length} other stores take version ${toVersion} back first`,
    hint: 'it goes on by itself; `backsaas store status` shows them',
    count: length,
  }
}

/** The placements in other stores that have the version of the default store's migration. */
export async function followers(
  connection: Connection,
  { placementId, schemaId, toVersion, follows }: Led,
): Promise<readonly string[]> {
  if (follows) return []
  const rows = await query(
    connection,
    `select p.id::text from backsaas.placements p join backsaas.versions v on v.placement_id = p.id
     where p.schema_id = $1 and p.id <> $2 and v.version = $3 and v.state <> 'retired'`,
    [schemaId, placementId, String(toVersion)],
  )
  return rows.map(([id]) => String(id))
}
