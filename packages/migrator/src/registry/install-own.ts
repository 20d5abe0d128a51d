/** A schema of a tenant whose rows are not in the default store: what its publication cannot do in its own transaction. */
import { BackSaasError, DatabaseError } from '@backsaas/core'
import { isPassing } from '../execute/attempts.ts'
import { EXCLUSIVE, migratorTransaction } from '../execute/migrator-transaction.ts'
import type { Fleet } from '../stores/fleet.ts'
import { prepareInstall } from '../stores/prepare-install.ts'
import { storeOf } from '../stores/store-of.ts'
import { findTenant } from './find-tenant.ts'
import { installFor, readInstalls } from './installs.ts'
import { readPlatform } from './platform.ts'

/** What there is of it in the default store. */
export interface OwnSchema {
  readonly schema: string
  /** Null where no version of it serves yet: its migration is under way. */
  readonly version: number | null
}

/**
 * A tenant's own schema is installed for it, in the store where it has its rows. Nothing where that is the default store.
 *
 * @returns the profile that it has since then; null where nothing was to be done.
 * @throws `OWN_NOT_INSTALLED` with what is there, why it went no further, and what to do.
 */
export async function installOwn(fleet: Fleet, tenantId: string, own: OwnSchema): Promise<string | null> {
  const { schema } = own
  const found = await migratorTransaction(fleet.home, async (connection) => {
    const platform = await readPlatform(connection)
    const tenant = await findTenant(connection, platform, tenantId)
    const store = await storeOf(connection, { tenantId: tenant.id })
    if (store === null) return null
    const installs = await readInstalls(connection, platform, tenant)
    return installs.some(({ profile }) => profile === schema) ? null : { ...tenant, store: store.name }
  })
  if (found === null) return null
  const { id, slug, store } = found
  try {
    await prepareInstall(fleet, { tenantId: id, schemas: [`${slug}/${schema}`] })
    const { profile } = await migratorTransaction(fleet.home, async (connection) => {
      await connection.batch([EXCLUSIVE])
      const platform = await readPlatform(connection)
      return installFor(connection, platform, await findTenant(connection, platform, id), `${slug}/${schema}`)
    })
    return profile
  } catch (error) {
    // What is a migration is not live yet: there is nothing to install.
    if (error instanceof BackSaasError && error.code === 'SCHEMA_UNKNOWN') return null
    throw error instanceof BackSaasError ? notInstalled(own, store, error) : error
  }
}

/** The version stays: whoever publishes it again begins here. */
function notInstalled({ schema, version }: OwnSchema, store: string, cause: BackSaasError): BackSaasError {
  const refused = cause instanceof DatabaseError
  const what = version === null ? schema : `version ${version} of ${schema}`
  // What a database says holds physical names.
  const why = refused ? `its database has refused it, or did not answer (${cause.code})` : cause.message
  const again = 'publish the same document again: it is installed then, and nothing is published twice'
  return new BackSaasError(
    'OWN_NOT_INSTALLED',
    refused ? (isPassing(cause) ? 503 : 500) : cause.status,
    `${what} is published, and not yet installed in the tenant's store ${JSON.stringify(store)}: ${why}`,
    {
      hint: !refused && cause.hint ? `${cause.hint}; then ${again}` : again,
      details: { schema, version, store, code: cause.code },
      cause,
    },
  )
}
