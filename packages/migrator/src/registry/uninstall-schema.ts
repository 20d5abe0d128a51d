/** The way back from an install: the profile goes, the tenant's rows stay. */
import type { Connection, Database } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { EXCLUSIVE, migratorTransaction } from '../execute/migrator-transaction.ts'
import { insertEvent } from './event.ts'
import { type FoundTenant, findTenant } from './find-tenant.ts'
import { readInstalls } from './installs.ts'
import { type Platform, readPlatform, tableNames } from './platform.ts'

export interface Uninstalled {
  readonly profile: string
  readonly schemaId: string
  /** The one that it was at. */
  readonly version: number
  /** What requests without a profile get from now on. */
  readonly defaultProfile: string
}

/**
 * Takes a profile away from a tenant. Nothing of its rows is deleted: they are there again when the schema is installed again.
 * Where it was the default, `platform` is, until another schema is installed: no other schema answers in its place unasked.
 *
 * @param where.tenant slug or id.
 * @throws `TENANT_UNKNOWN`, `PROFILE_UNKNOWN` (404); `PROFILE_PROTECTED` (409) for `platform`.
 * @example await uninstallSchema(database, { tenant: 'acme', profile: 'crm' })
 */
export function uninstallSchema(
  database: Database,
  where: { readonly tenant: string; readonly profile: string },
): Promise<Uninstalled> {
  return migratorTransaction(database, async (connection) => {
    await connection.batch([EXCLUSIVE])
    const platform = await readPlatform(connection)
    return uninstallFor(connection, platform, await findTenant(connection, platform, where.tenant), where.profile)
  })
}

/** The same, inside the caller's transaction, which holds `EXCLUSIVE`. */
export async function uninstallFor(
  connection: Connection,
  platform: Platform,
  tenant: FoundTenant,
  profile: string,
): Promise<Uninstalled> {
  if (profile === 'platform') {
    throw new BackSaasError('PROFILE_PROTECTED', 409, 'the profile "platform" is the registry itself and stays')
  }
  const installs = await readInstalls(connection, platform, tenant)
  const found = installs.find((install) => install.profile === profile)
  if (!found) throw profileUnknown(tenant.slug, profile, installs)
  const { schemaId, version, isDefault } = found
  const i = tableNames(platform, 'installs')
  await connection.batch([
    {
      text: `delete from ${i.table} where ${i.tenant} = $1 and ${i.column('profile')} = $2`,
      params: [tenant.id, profile],
    },
    {
      text: `update ${i.table} set ${i.column('is_default')} = true
             where ${i.tenant} = $1 and ${i.column('profile')} = 'platform' and $2::bool`,
      params: [tenant.id, String(isDefault)],
    },
    insertEvent(platform, {
      type: 'install.deleted',
      tenantId: tenant.id,
      subject: schemaId,
      data: { tenant_id: tenant.id, schema_id: schemaId, schema: found.schema, profile },
    }),
  ])
  const kept = installs.find((install) => install.isDefault && install.profile !== profile)
  return { profile, schemaId, version, defaultProfile: kept?.profile ?? 'platform' }
}

export function profileUnknown(
  tenant: string,
  profile: string,
  installs: readonly { readonly profile: string }[],
): BackSaasError {
  return new BackSaasError('PROFILE_UNKNOWN', 404, `the tenant "${tenant}" has nothing installed as "${profile}"`, {
    hint: `it has ${installs.map((install) => install.profile).join(', ')}`,
  })
}
