/** What has to be in a store before a tenant's install can point there: the schema's tables, and the tenant in the database's fence. */
import { migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { findInstallable } from '../registry/find-installable.ts'
import { readPlatform } from '../registry/platform.ts'
import { databaseOf, type Fleet } from './fleet.ts'
import { placeSchema } from './place-schema.ts'
import { storeOf } from './store-of.ts'
import { refuseDedicated } from './store-rows.ts'
import { setFence } from './tell-fences.ts'

export interface Installing {
  readonly tenantId: string
  /** Names, or `owner/name`. */
  readonly schemas: readonly string[]
  /** Whose schemas are looked for first; the tenant itself unless given. */
  readonly asId?: string
  /** Name or id; where it is not given the tenant's own, or the default store. */
  readonly store?: string | undefined
}

/**
 * Does nothing for the default store. What it has made stays, and harms nobody, where the install then fails.
 *
 * @throws `STORE_UNKNOWN` (404), `STORE_DEDICATED` (409), `DATABASE_UNKNOWN` (503), `SCHEMA_UNKNOWN` (404).
 */
export async function prepareInstall(fleet: Fleet, installing: Installing): Promise<void> {
  const { tenantId, schemas, asId = tenantId } = installing
  const { store, schemaIds } = await migratorTransaction(fleet.home, async (connection) => {
    const platform = await readPlatform(connection)
    const found = await storeOf(connection, installing)
    const ids: string[] = []
    for (const name of found === null ? [] : schemas) {
      if (name !== 'platform') ids.push((await findInstallable(connection, platform, asId, name)).schemaId)
    }
    return { store: found, schemaIds: ids }
  })
  if (!store) return
  refuseDedicated(store, tenantId)
  if (store.database !== null) await letIn(fleet, store.database, tenantId)
  for (const id of schemaIds) await placeSchema(fleet, store, id)
}

/** As home has it; one that home does not have yet is live. */
async function letIn(fleet: Fleet, name: string, tenantId: string): Promise<void> {
  const [row] = await migratorTransaction(fleet.home, (connection) =>
    query(connection, 'select state from backsaas.fence_tenants where tenant_id = $1', [tenantId]),
  )
  await migratorTransaction(databaseOf(fleet, name), (connection) =>
    connection.batch([setFence(tenantId, row?.[0] ?? 'live')]),
  )
}
