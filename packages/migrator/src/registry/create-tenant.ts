/** A new tenant: its row, its place in the fence, its installs and the event, in one transaction. */
import type { Connection, Database, Statement } from '@backsaas/core'
import {
  BackSaasError,
  DEFAULT_STORE_ID,
  PLATFORM_PLACEMENT_ID,
  PLATFORM_SCHEMA_ID,
  SYSTEM_TENANT_ID,
  uuidv7,
} from '@backsaas/core'
import { EXCLUSIVE, migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { arrayText } from '../plan/column.ts'
import { insertEvent } from './event.ts'
import { insertRow, type Platform, readPlatform, tableNames } from './platform.ts'
import { checkHost, checkSlug } from './slug.ts'

export interface NewTenant {
  readonly slug: string
  /** Default: the slug. */
  readonly name?: string
  /** Host names that lead to it. */
  readonly hosts?: readonly string[]
  /** Names of shared schemas to install; the first is the default profile. */
  readonly schemas?: readonly string[]
}

/**
 * Creates a tenant and installs schemas for it, at their newest live version, as profiles of their names; the profile
 * `platform` too, which is the default where no other schema is given.
 *
 * @throws `TENANT_SLUG_INVALID`, `TENANT_SLUG_RESERVED`, `TENANT_HOST_INVALID` (422), `TENANT_EXISTS`,
 *   `TENANT_HOST_TAKEN` (409), `SCHEMA_UNKNOWN` (404).
 * @example await createTenant(database, { slug: 'acme', schemas: ['crm'] })
 */
export async function createTenant(database: Database, tenant: NewTenant): Promise<{ id: string; slug: string }> {
  checkSlug(tenant.slug)
  const hosts = [...new Set(tenant.hosts ?? [])]
  for (const host of hosts) checkHost(host)
  const schemas = [...new Set(tenant.schemas ?? [])]
  return migratorTransaction(database, async (connection) => {
    await connection.batch([EXCLUSIVE])
    const platform = await readPlatform(connection)
    await refuseTaken(connection, platform, tenant.slug, hosts)
    const id = uuidv7()
    const row = { id, slug: tenant.slug, name: tenant.name ?? tenant.slug, hosts: arrayText(hosts) }
    const installs = await planInstalls(connection, platform, id, schemas)
    await connection.batch([
      insertRow(platform, 'tenants', SYSTEM_TENANT_ID, row),
      { text: `insert into backsaas.fence_tenants (tenant_id, state) values ($1, 'live')`, params: [id] },
      ...installs,
      insertEvent(platform, {
        type: 'tenant.created',
        tenantId: SYSTEM_TENANT_ID,
        subject: id,
        data: { tenant_id: id, slug: tenant.slug, schemas },
      }),
    ])
    return { id, slug: tenant.slug }
  })
}

async function refuseTaken(
  connection: Connection,
  platform: Platform,
  slug: string,
  hosts: readonly string[],
): Promise<void> {
  const tenants = tableNames(platform, 'tenants')
  const [slugColumn, hostsColumn] = [tenants.column('slug'), tenants.column('hosts')]
  const rows = await query(
    connection,
    `select ${slugColumn}, (select h from unnest(${hostsColumn}) h where h = any ($2::text[]) limit 1) from ${tenants.table}
     where ${slugColumn} = $1 or ${hostsColumn} && $2::text[]`,
    [slug, arrayText(hosts)],
  )
  if (rows.some(([taken]) => taken === slug)) {
    throw new BackSaasError('TENANT_EXISTS', 409, `there is a tenant "${slug}" already`)
  }
  const [row] = rows
  if (row) {
    throw new BackSaasError('TENANT_HOST_TAKEN', 409, `the host "${row[1]}" leads to the tenant "${row[0]}" already`)
  }
}

interface Installable {
  readonly schemaId: string
  readonly placementId: string
  readonly version: number
}

async function planInstalls(
  connection: Connection,
  platform: Platform,
  tenantId: string,
  schemas: readonly string[],
): Promise<Statement[]> {
  const own: Installable = {
    schemaId: PLATFORM_SCHEMA_ID,
    placementId: PLATFORM_PLACEMENT_ID,
    version: platform.version,
  }
  const wanted = schemas.filter((name) => name !== 'platform')
  const statements = [insertInstall(platform, tenantId, 'platform', own, wanted.length === 0)]
  for (const [index, name] of wanted.entries()) {
    const install = await findInstallable(connection, platform, name)
    statements.push(insertInstall(platform, tenantId, name, install, index === 0))
  }
  return statements
}

function insertInstall(
  platform: Platform,
  tenantId: string,
  name: string,
  install: Installable,
  isDefault: boolean,
): Statement {
  return insertRow(platform, 'installs', tenantId, {
    profile: name,
    schema_name: name,
    schema_id: install.schemaId,
    placement_id: install.placementId,
    version: String(install.version),
    is_default: String(isDefault),
  })
}

/** The newest live version of a shared schema. */
async function findInstallable(connection: Connection, platform: Platform, name: string): Promise<Installable> {
  const schemas = tableNames(platform, 'schemas')
  const [row] = await query(
    connection,
    `select s.${schemas.column('id')}::text, p.id::text, max(v.version)::text
     from ${schemas.table} s
     join backsaas.placements p on p.schema_id = s.${schemas.column('id')} and p.store_id = $3
     join backsaas.versions v on v.placement_id = p.id and v.state = 'live'
     where s.${schemas.tenant} = $1 and s.${schemas.column('name')} = $2 group by 1, 2`,
    [SYSTEM_TENANT_ID, name, DEFAULT_STORE_ID],
  )
  if (row) return { schemaId: String(row[0]), placementId: String(row[1]), version: Number(row[2]) }
  throw new BackSaasError('SCHEMA_UNKNOWN', 404, `there is no shared schema ${JSON.stringify(name)}`, {
    hint: 'publish it first: `backsaas migrate FILE`',
  })
}
