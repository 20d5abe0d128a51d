/** Installs a schema for a tenant, in the store that it is to have its rows in. */
import { EXCLUSIVE, migratorTransaction } from '../execute/migrator-transaction.ts'
import { type Databases, fleetOf } from '../stores/fleet.ts'
import { prepareInstall } from '../stores/prepare-install.ts'
import { findTenant } from './find-tenant.ts'
import { type Installed, installFor } from './installs.ts'
import { readPlatform } from './platform.ts'

export interface NewInstall {
  /** Slug or id. */
  readonly tenant: string
  /** A name, or `owner/name`. */
  readonly schema: string
  /** The profile; default the schema's name. */
  readonly as?: string
  /** Where its rows are to be, by name; the tenant's store unless given, and the default store where it has none. */
  readonly store?: string
}

/**
 * Installs a schema for a tenant that is there already, as the profile of its name unless told otherwise: the tenant's
 * own schema of that name, or else a shared one. It becomes the default profile where the tenant has had none but `platform`.
 *
 * @throws `TENANT_UNKNOWN`, `SCHEMA_UNKNOWN` (404); `SCHEMA_AMBIGUOUS`, `PROFILE_TAKEN` (409) by another schema of that
 *   name; `PROFILE_INVALID` (422).
 * @example await installSchema(database, { tenant: 'acme', schema: 'crm' })
 */
export async function installSchema(databases: Databases, wanted: NewInstall): Promise<Installed> {
  const fleet = fleetOf(databases)
  const { schema, as, store } = wanted
  const { id } = await migratorTransaction(fleet.home, async (connection) =>
    findTenant(connection, await readPlatform(connection), wanted.tenant),
  )
  await prepareInstall(fleet, { tenantId: id, schemas: [schema], store })
  return migratorTransaction(fleet.home, async (connection) => {
    await connection.batch([EXCLUSIVE])
    const platform = await readPlatform(connection)
    const tenant = await findTenant(connection, platform, id)
    return installFor(connection, platform, tenant, schema, { as, store })
  })
}
