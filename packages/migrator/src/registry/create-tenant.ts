/** A new tenant: its row, its place in the fence, its installs and the event, in one transaction. */
import type { Connection, Statement } from '@backsaas/core'
import { arrayText, BackSaasError, invariant, SYSTEM_TENANT_ID, uuidv7 } from '@backsaas/core'
import { EXCLUSIVE, migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { type Databases, type Fleet, fleetOf } from '../stores/fleet.ts'
import { refuseElsewhere } from '../stores/identity.ts'
import { prepareInstall } from '../stores/prepare-install.ts'
import { storeOf } from '../stores/store-of.ts'
import { claimStore, refuseDedicated, type Store } from '../stores/store-rows.ts'
import { noteFenceIn } from '../stores/tell-fences.ts'
import { insertEvent } from './event.ts'
import { findInstallable } from './find-installable.ts'
import { insertInstall, platformInstallable, profileTaken } from './installs.ts'
import { insertRow, type Platform, readPlatform, tableNames } from './platform.ts'
import { checkHost, checkSlug } from './slug.ts'

export interface NewTenant {
  readonly slug: string
  /** Its id, where that has been chosen already. */
  readonly id?: string
  /** Default: the slug. */
  readonly name?: string
  /** Host names that lead to it. */
  readonly hosts?: readonly string[]
  /** Names (or owner/name) of shared schemas to install; the first is the default profile. */
  readonly schemas?: readonly string[]
  /** Where the rows of what it installs are, by name; the default store unless given. */
  readonly store?: string
}

/**
 * Creates a tenant and installs schemas for it, at their newest live version, as profiles of their names; the profile
 * `platform` too, which is the default where no other schema is given.
 *
 * @throws `TENANT_SLUG_INVALID`, `TENANT_SLUG_RESERVED`, `TENANT_HOST_INVALID` (422), `TENANT_EXISTS`,
 *   `TENANT_HOST_TAKEN`, `PROFILE_TAKEN`, `NOT_HOME` (409), `SCHEMA_UNKNOWN` (404).
 * @example await createTenant(database, { slug: 'acme', schemas: ['crm'] })
 */
export async function createTenant(databases: Databases, wanted: NewTenant): Promise<{ id: string; slug: string }> {
  const fleet = fleetOf(databases)
  const tenant = { ...wanted, id: wanted.id ?? uuidv7() }
  await prepareTenant(fleet, tenant)
  return migratorTransaction(fleet.home, async (connection) => {
    await connection.batch([EXCLUSIVE])
    await refuseElsewhere(connection)
    return addTenant(connection, await readPlatform(connection), tenant)
  })
}

/** What has to be there before the transaction of `addTenant`; see `prepareInstall`. */
export async function prepareTenant(fleet: Fleet, { id, slug, store, schemas = [] }: NewTenant): Promise<void> {
  checkSlug(slug)
  if (store === undefined) return
  invariant(id, 'a tenant of another store is known by its id before it is made')
  await prepareInstall(fleet, { tenantId: id, schemas, store, asId: SYSTEM_TENANT_ID })
}

/** The same, inside the caller's transaction, which holds `EXCLUSIVE`. */
export async function addTenant(
  connection: Connection,
  platform: Platform,
  tenant: NewTenant,
): Promise<{ id: string; slug: string }> {
  checkSlug(tenant.slug)
  const hosts = [...new Set(tenant.hosts ?? [])]
  for (const host of hosts) checkHost(host)
  const schemas = [...new Set(tenant.schemas ?? [])]
  const id = tenant.id ?? uuidv7()
  await refuseTaken(connection, platform, tenant.slug, hosts)
  const store = tenant.store === undefined ? null : await storeOf(connection, { tenantId: id, store: tenant.store })
  if (store) refuseDedicated(store, id)
  const row = {
    ...{ id, slug: tenant.slug, name: tenant.name ?? tenant.slug, hosts: arrayText(hosts) },
    ...(store && { store_id: store.id }),
  }
  const installs = await planInstalls(connection, platform, id, schemas, store)
  await connection.batch([
    insertRow(platform, 'tenants', SYSTEM_TENANT_ID, row),
    { text: `insert into backsaas.fence_tenants (tenant_id, state) values ($1, 'live')`, params: [id] },
    ...(store ? [...claimStore(platform, store, id), ...noteFenceIn(store, id)] : []),
    ...installs,
    insertEvent(platform, {
      type: 'tenant.created',
      tenantId: SYSTEM_TENANT_ID,
      subject: id,
      data: { tenant_id: id, slug: tenant.slug, schemas },
    }),
  ])
  return { id, slug: tenant.slug }
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

async function planInstalls(
  connection: Connection,
  platform: Platform,
  tenantId: string,
  schemas: readonly string[],
  store: Store | null,
): Promise<Statement[]> {
  const wanted = schemas.filter((name) => name !== 'platform')
  const statements = [insertInstall(platform, tenantId, platformInstallable(platform), 'platform', wanted.length === 0)]
  const profiles = new Set<string>()
  for (const [index, name] of wanted.entries()) {
    const installable = await findInstallable(connection, platform, SYSTEM_TENANT_ID, name, store)
    if (profiles.has(installable.name)) throw profileTaken(tenantId, installable.name)
    profiles.add(installable.name)
    statements.push(insertInstall(platform, tenantId, installable, installable.name, index === 0))
  }
  return statements
}
