/** A schema that comes to one more store: with the version that an install gets, and what is newer after it. */
import { BackSaasError, type Connection, DEFAULT_STORE_ID, type Json, uuidv7 } from '@backsaas/core'
import { storeSchema } from '../bootstrap/store-schema.ts'
import { convergePlacement } from '../execute/converge-placement.ts'
import { EXCLUSIVE, migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { type Platform, readPlatform, tableNames } from '../registry/platform.ts'
import { bringVersion } from './bring-version.ts'
import { openDelivery } from './delivery-row.ts'
import { databaseOf, type Fleet } from './fleet.ts'
import { checkIdentity, readIdentity } from './identity.ts'
import { type Lead, readContent, readLead } from './lead.ts'
import { mirrorPlacement } from './mirror-placement.ts'
import type { Store } from './store-rows.ts'

/** Of one that is there already: does nothing but what is missing. @throws `STORE_BEHIND` (503) where its version is on its way there. */
export async function placeSchema(fleet: Fleet, store: Store, schemaId: string): Promise<void> {
  if (store.id === DEFAULT_STORE_ID) return
  const { lead, identity } = await migratorTransaction(fleet.home, async (connection) => ({
    lead: await readLead(connection, await readPlatform(connection), schemaId),
    identity: await readIdentity(connection),
  }))
  if (!lead) return
  const database = databaseOf(fleet, store.database)
  const placementId = await migratorTransaction(database, async (connection) => {
    if (store.database !== null) await checkIdentity(connection, identity, store.database)
    return findOrInsert(connection, store, lead)
  })
  const content = (version: number) =>
    migratorTransaction(fleet.home, async (connection) =>
      readContent(connection, await readPlatform(connection), lead, version),
    )
  const { version } = await bringVersion(
    database,
    { placementId, storeId: store.id, store: store.name },
    lead,
    content,
    null,
  )
  await convergePlacement(database, placementId)
  if (store.database !== null) await mirrorPlacement(fleet.home, database, store.database, placementId)
  await migratorTransaction(fleet.home, async (connection) => {
    // What was published meanwhile did not know of this store.
    await connection.batch([EXCLUSIVE])
    const platform = await readPlatform(connection)
    const now = await readLead(connection, platform, schemaId)
    const newest = now?.versions.findLast(({ state }) => state === 'live')?.version ?? 0
    if (version >= newest) return
    await openDelivery(connection, platform, { ownerId: lead.ownerId, schemaId, schema: lead.schema, version: newest })
  })
  if (version === 0) throw behind(store, lead)
}

/**
 * Whether a store has all that the default one has of a schema, and somebody has installed it there, so that what `placeSchema` does
 * has been done to its end: one statement, as tenants are made by the thousand.
 */
export async function isPlaced(
  connection: Connection,
  platform: Platform,
  store: Store,
  schemaId: string,
): Promise<boolean> {
  const i = tableNames(platform, 'installs')
  const newest = (storeId: string): string =>
    `select max(v.version) from backsaas.placements p join backsaas.versions v on v.placement_id = p.id and v.state = 'live'
     where p.schema_id = $1 and p.store_id = ${storeId}`
  const [row] = await query(
    connection,
    `select case when (${newest('$2')}) >= (${newest('$3')}) then exists (
       select from ${i.table} i join backsaas.placements p on p.id = i.${i.column('placement_id')}
       where p.schema_id = $1 and p.store_id = $2) end::text`,
    [schemaId, store.id, DEFAULT_STORE_ID],
  )
  return row?.[0] === 'true'
}

async function findOrInsert(connection: Connection, store: Store, lead: Lead): Promise<string> {
  await connection.batch([EXCLUSIVE])
  await query(
    connection,
    `insert into backsaas.placements (id, store_id, schema_id, schema_name, pg_schema) values ($1, $2, $3, $4, $5)
     on conflict (store_id, schema_id) do nothing`,
    [uuidv7(), store.id, lead.schemaId, lead.schema, storeSchema(store.id)],
  )
  const [row] = await query(
    connection,
    'select id::text from backsaas.placements where store_id = $1 and schema_id = $2',
    [store.id, lead.schemaId],
  )
  return String(row?.[0])
}

function behind({ name }: Store, { schema }: Lead): BackSaasError {
  const details: Json = { store: name }
  return new BackSaasError('STORE_BEHIND', 503, `${schema} is on its way to the store ${name}`, {
    hint: 'try again in a moment: `backsaas store status` shows how far it is',
    details,
  })
}
