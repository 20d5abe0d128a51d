/** What has to be in a store before a tenant's install can point there: the schema's tables, and the tenant in the database's fence. */
import { migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { findInstallable } from '../registry/find-installable.ts'
import { readPlatform } from '../registry/platform.ts'
import { databaseOf, type Fleet } from './fleet.ts'
import { checkIdentity, readIdentity } from './identity.ts'
import { isPlaced, placeSchema } from './place-schema.ts'
import { storeOf } from './store-of.ts'
import { refuseDedicated } from './store-rows.ts'
import { letIn, noteFenceIn, tellFences } from './tell-fences.ts'

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
  const found = await migratorTransaction(fleet.home, async (connection) => {
    const platform = await readPlatform(connection)
    const store = await storeOf(connection, installing)
    if (!store) return null
    const missing: string[] = []
    for (const name of schemas.filter((one) => one !== 'platform')) {
      const { schemaId } = await findInstallable(connection, platform, asId, name)
      if (!(await isPlaced(connection, platform, store, schemaId))) missing.push(schemaId)
    }
    const [known] = await query(connection, 'select state from backsaas.fence_tenants where tenant_id = $1', [tenantId])
    if (known) await connection.batch(noteFenceIn(store, tenantId))
    return { store, missing, isKnown: known !== undefined, identity: await readIdentity(connection) }
  })
  if (!found) return
  const { store, missing, isKnown, identity } = found
  refuseDedicated(store, tenantId)
  const { database: name } = store
  if (name !== null && !isKnown) {
    await migratorTransaction(databaseOf(fleet, name), async (connection) => {
      await checkIdentity(connection, identity, name)
      await connection.batch([letIn(tenantId)])
    })
  }
  // Of one that home knows its state goes there as any state does.
  if (name !== null && isKnown) {
    const { faults } = await tellFences(fleet)
    const fault = faults.get(name)
    if (fault) throw fault
  }
  for (const id of missing) await placeSchema(fleet, store, id)
}
