/** Installs: what binds a tenant to one version of a schema, under the name of a profile. */
import type { Connection, Statement } from '@backsaas/core'
import { BackSaasError, PLATFORM_PLACEMENT_ID, PLATFORM_SCHEMA_ID, SYSTEM_TENANT_ID } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import { storeOf } from '../stores/store-of.ts'
import { claimStore, refuseDedicated } from '../stores/store-rows.ts'
import { noteFenceIn } from '../stores/tell-fences.ts'
import { insertEvent } from './event.ts'
import { findInstallable, type Installable } from './find-installable.ts'
import type { FoundTenant } from './find-tenant.ts'
import { insertRow, type Platform, tableNames } from './platform.ts'

export interface Installed {
  /** False where the tenant had it before. */
  readonly installed: boolean
  readonly profile: string
  readonly schemaId: string
  readonly version: number
}

const PROFILE = /^[a-z][a-z0-9_]{0,47}$/

/**
 * Inside the caller's transaction, which holds `EXCLUSIVE`; see `installSchema`.
 *
 * @throws `STORE_BEHIND` (503) where the store was not prepared for it.
 */
export async function installFor(
  connection: Connection,
  platform: Platform,
  tenant: FoundTenant,
  name: string,
  { as, store: wanted }: { readonly as?: string | undefined; readonly store?: string | undefined } = {},
): Promise<Installed> {
  if (tenant.id === SYSTEM_TENANT_ID) {
    throw new BackSaasError('TENANT_PROTECTED', 409, 'the tenant "system" is the platform itself and installs nothing')
  }
  const store = await storeOf(connection, { tenantId: tenant.id, store: wanted })
  if (store) refuseDedicated(store, tenant.id)
  const installable = await findInstallable(connection, platform, tenant.id, name, store)
  const profile = as ?? installable.name
  if (!PROFILE.test(profile) || profile === 'platform') throw profileInvalid(profile)
  const rows = await readInstalls(connection, platform, tenant)
  const { schemaId, version } = installable
  const found = rows.find((row) => row.profile === profile)
  if (found && found.schemaId !== schemaId) throw profileTaken(tenant.slug, profile)
  if (found && wanted !== undefined && found.placementId !== installable.placementId)
    throw elsewhere(tenant.slug, profile)
  if (found) return { installed: false, profile, schemaId, version: found.version }
  const isFirst = !rows.some((row) => row.isDefault && row.profile !== 'platform')
  const installs = tableNames(platform, 'installs')
  const undefault = {
    text: `update ${installs.table} set ${installs.column('is_default')} = false where ${installs.tenant} = $1`,
    params: [tenant.id],
  }
  await connection.batch([
    ...(store ? [...claimStore(platform, store, tenant.id), ...noteFenceIn(store, tenant.id)] : []),
    ...(isFirst ? [undefault] : []),
    insertInstall(platform, tenant.id, installable, profile, isFirst),
    insertEvent(platform, {
      type: 'install.created',
      tenantId: tenant.id,
      subject: schemaId,
      data: { tenant_id: tenant.id, schema_id: schemaId, schema: installable.name, profile, version },
    }),
  ])
  return { installed: true, profile, schemaId, version }
}

export interface StandingInstall {
  readonly profile: string
  /** The schema's name. */
  readonly schema: string
  readonly schemaId: string
  readonly isDefault: boolean
  readonly version: number
  readonly placementId: string
}

/** All of a tenant's. */
export async function readInstalls(
  connection: Connection,
  platform: Platform,
  tenant: FoundTenant,
): Promise<readonly StandingInstall[]> {
  const installs = tableNames(platform, 'installs')
  const fields = ['profile', 'schema_id', 'is_default', 'version', 'schema_name', 'placement_id']
  const [profile, schemaId, isDefault, version, schema, placementId] = fields.map(installs.column)
  const rows = await query(
    connection,
    `select ${profile}, ${schemaId}::text, ${isDefault}::text, ${version}::text, ${schema}, ${placementId}::text
     from ${installs.table}
     where ${installs.tenant} = $1`,
    [tenant.id],
  )
  return rows.map((row) => ({
    profile: String(row[0]),
    schemaId: String(row[1]),
    isDefault: row[2] === 'true',
    version: Number(row[3]),
    schema: String(row[4]),
    placementId: String(row[5]),
  }))
}

export function profileTaken(tenant: string, profile: string): BackSaasError {
  return new BackSaasError('PROFILE_TAKEN', 409, `the tenant "${tenant}" has another schema as "${profile}"`, {
    hint: 'install it under another name (`as`)',
  })
}

function elsewhere(tenant: string, profile: string): BackSaasError {
  return new BackSaasError(
    'INSTALLED_ELSEWHERE',
    409,
    `"${profile}" of the tenant "${tenant}" has its rows in another store`,
    {
      hint: 'rows do not move between stores: install it under another name (`as`), or export and import them',
    },
  )
}

function profileInvalid(profile: string): BackSaasError {
  return new BackSaasError('PROFILE_INVALID', 422, `${JSON.stringify(profile)} cannot be the name of a profile`, {
    hint: 'lower-case letters, digits and underscores, a letter first; `platform` is the registry',
  })
}

/** The platform's own schema, which every tenant has. */
export function platformInstallable(platform: Platform): Installable {
  const { version } = platform
  return { name: 'platform', schemaId: PLATFORM_SCHEMA_ID, placementId: PLATFORM_PLACEMENT_ID, version }
}

/** The row of an install. */
export function insertInstall(
  platform: Platform,
  tenantId: string,
  installable: Installable,
  profile: string,
  isDefault: boolean,
): Statement {
  return insertRow(platform, 'installs', tenantId, {
    profile,
    schema_name: installable.name,
    schema_id: installable.schemaId,
    placement_id: installable.placementId,
    version: String(installable.version),
    is_default: String(isDefault),
  })
}
