/** Installs: what binds a tenant to one version of a schema, under the name of a profile. */
import type { Connection, Database, Statement } from '@backsaas/core'
import {
  BackSaasError,
  DEFAULT_STORE_ID,
  PLATFORM_PLACEMENT_ID,
  PLATFORM_SCHEMA_ID,
  SYSTEM_TENANT_ID,
} from '@backsaas/core'
import { EXCLUSIVE, migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { insertEvent } from './event.ts'
import { type FoundTenant, findTenant } from './find-tenant.ts'
import { insertRow, type Platform, readPlatform, tableNames } from './platform.ts'

/** A schema at its newest live version. */
export interface Installable {
  readonly name: string
  readonly schemaId: string
  readonly placementId: string
  readonly version: number
}

/**
 * Installs a schema for a tenant that is there already, as the profile of its name: the tenant's own schema of that
 * name, or else the shared one. It becomes the default profile where the tenant has had none but `platform`.
 *
 * @returns `installed: false` where it was installed before.
 * @throws `TENANT_UNKNOWN`, `SCHEMA_UNKNOWN` (404); `PROFILE_TAKEN` (409) by another schema of that name.
 * @example await installSchema(database, { tenant: 'acme', schema: 'crm' })
 */
export function installSchema(
  database: Database,
  wanted: { readonly tenant: string; readonly schema: string },
): Promise<{ installed: boolean }> {
  return migratorTransaction(database, async (connection) => {
    await connection.batch([EXCLUSIVE])
    const platform = await readPlatform(connection)
    const tenant = await findTenant(connection, platform, wanted.tenant)
    return { installed: await installFor(connection, platform, tenant, wanted.schema) }
  })
}

/** The same, inside the caller's transaction. */
export async function installFor(
  connection: Connection,
  platform: Platform,
  tenant: FoundTenant,
  name: string,
): Promise<boolean> {
  const installable = await findInstallable(connection, platform, [tenant.id, SYSTEM_TENANT_ID], name)
  const installs = tableNames(platform, 'installs')
  const [profile, schemaId, isDefault] = ['profile', 'schema_id', 'is_default'].map(installs.column)
  const rows = await query(
    connection,
    `select ${profile}, ${schemaId}::text, ${isDefault}::text from ${installs.table} where ${installs.tenant} = $1`,
    [tenant.id],
  )
  const found = rows.find(([taken]) => taken === name)
  if (found?.[1] === installable.schemaId) return false
  if (found) {
    throw new BackSaasError('PROFILE_TAKEN', 409, `the tenant "${tenant.slug}" has another schema as "${name}"`, {
      hint: 'call the schema otherwise',
    })
  }
  const isFirst = !rows.some(([taken, , flag]) => flag === 'true' && taken !== 'platform')
  const undefault = {
    text: `update ${installs.table} set ${isDefault} = false where ${installs.tenant} = $1`,
    params: [tenant.id],
  }
  await connection.batch([
    ...(isFirst ? [undefault] : []),
    insertInstall(platform, tenant.id, installable, isFirst),
    insertEvent(platform, {
      type: 'install.created',
      tenantId: tenant.id,
      subject: installable.schemaId,
      data: { tenant_id: tenant.id, schema_id: installable.schemaId, schema: name, version: installable.version },
    }),
  ])
  return true
}

/** The platform's own schema, which every tenant has. */
export function platformInstallable(platform: Platform): Installable {
  const { version } = platform
  return { name: 'platform', schemaId: PLATFORM_SCHEMA_ID, placementId: PLATFORM_PLACEMENT_ID, version }
}

/** The row of an install, whose profile has the schema's name. */
export function insertInstall(
  platform: Platform,
  tenantId: string,
  installable: Installable,
  isDefault: boolean,
): Statement {
  return insertRow(platform, 'installs', tenantId, {
    profile: installable.name,
    schema_name: installable.name,
    schema_id: installable.schemaId,
    placement_id: installable.placementId,
    version: String(installable.version),
    is_default: String(isDefault),
  })
}

/**
 * The schema of that name, of the first of `owners` who has one.
 *
 * @throws `SCHEMA_UNKNOWN` (404).
 */
export async function findInstallable(
  connection: Connection,
  platform: Platform,
  owners: readonly string[],
  name: string,
): Promise<Installable> {
  const schemas = tableNames(platform, 'schemas')
  const rows = await query(
    connection,
    `select s.${schemas.tenant}::text, s.${schemas.column('id')}::text, p.id::text, max(v.version)::text
     from ${schemas.table} s
     join backsaas.placements p on p.schema_id = s.${schemas.column('id')} and p.store_id = $1
     join backsaas.versions v on v.placement_id = p.id and v.state = 'live'
     where s.${schemas.column('name')} = $2 group by 1, 2, 3`,
    [DEFAULT_STORE_ID, name],
  )
  for (const owner of owners) {
    const row = rows.find(([ownerId]) => ownerId === owner)
    if (row) return { name, schemaId: String(row[1]), placementId: String(row[2]), version: Number(row[3]) }
  }
  throw new BackSaasError('SCHEMA_UNKNOWN', 404, `there is no schema ${JSON.stringify(name)} to install`, {
    hint: 'publish it first: `backsaas migrate FILE`',
  })
}
