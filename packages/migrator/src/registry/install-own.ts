/** A schema of a tenant whose rows are not in the default store: what its publication cannot do in its own transaction. */
import { BackSaasError } from '@backsaas/core'
import { EXCLUSIVE, migratorTransaction } from '../execute/migrator-transaction.ts'
import type { Fleet } from '../stores/fleet.ts'
import { prepareInstall } from '../stores/prepare-install.ts'
import { storeOf } from '../stores/store-of.ts'
import { findTenant } from './find-tenant.ts'
import { installFor, readInstalls } from './installs.ts'
import { readPlatform } from './platform.ts'

/** A tenant's own schema is installed for it, in the store where it has its rows. Nothing where that is the default store. */
export async function installOwn(fleet: Fleet, tenantId: string, schema: string): Promise<void> {
  const isElsewhere = await migratorTransaction(fleet.home, async (connection) => {
    const platform = await readPlatform(connection)
    const tenant = await findTenant(connection, platform, tenantId)
    if ((await storeOf(connection, { tenantId: tenant.id })) === null) return null
    const installs = await readInstalls(connection, platform, tenant)
    return installs.some(({ profile }) => profile === schema) ? null : tenant
  })
  if (isElsewhere === null) return
  const { id, slug } = isElsewhere
  try {
    await prepareInstall(fleet, { tenantId: id, schemas: [`${slug}/${schema}`] })
  } catch (error) {
    // What is a migration is not live yet: there is nothing to install.
    if (error instanceof BackSaasError && error.code === 'SCHEMA_UNKNOWN') return
    throw error
  }
  await migratorTransaction(fleet.home, async (connection) => {
    await connection.batch([EXCLUSIVE])
    const platform = await readPlatform(connection)
    await installFor(connection, platform, await findTenant(connection, platform, id), `${slug}/${schema}`)
  })
}
