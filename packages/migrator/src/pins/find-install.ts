/** An install that may be pinned: any but the registry's own. */
import type { Connection } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import type { FoundTenant } from '../registry/find-tenant.ts'
import { readInstalls } from '../registry/installs.ts'
import { type Platform, tableNames } from '../registry/platform.ts'
import { profileUnknown } from '../registry/uninstall-schema.ts'

export interface PinnableInstall {
  readonly tenantId: string
  readonly profile: string
  readonly schema: string
  readonly schemaId: string
  readonly placementId: string
  readonly version: number
  readonly isPinned: boolean
}

/**
 * As it stands until the end of the transaction: a roll-out may be moving it, whose step is waited for.
 *
 * @throws `PROFILE_PROTECTED` (409) for `platform`; `PROFILE_UNKNOWN` (404).
 */
export async function findInstall(
  connection: Connection,
  platform: Platform,
  tenant: FoundTenant,
  profile: string,
): Promise<PinnableInstall> {
  if (profile === 'platform') {
    throw new BackSaasError(
      'PROFILE_PROTECTED',
      409,
      'the profile "platform" is the registry itself, which all have alike',
    )
  }
  const i = tableNames(platform, 'installs')
  const [row] = await query(
    connection,
    `select ${i.column('schema_name')}, ${i.column('schema_id')}::text, ${i.column('placement_id')}::text,
            ${i.column('version')}::text, (${i.column('pinned_to')} is not null)::text
     from ${i.table} where ${i.tenant} = $1 and ${i.column('profile')} = $2 for update`,
    [tenant.id, profile],
  )
  if (!row) throw profileUnknown(tenant.slug, profile, await readInstalls(connection, platform, tenant))
  const [schema, schemaId, placementId, version, isPinned] = row
  return {
    tenantId: tenant.id,
    profile,
    schema: String(schema),
    schemaId: String(schemaId),
    placementId: String(placementId),
    version: Number(version),
    isPinned: isPinned === 'true',
  }
}
