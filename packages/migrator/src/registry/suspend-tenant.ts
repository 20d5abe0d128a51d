/** Suspends a tenant and lets it back in: the fence, the row and the event change together. */
import type { Connection, Database } from '@backsaas/core'
import { BackSaasError, SYSTEM_TENANT_ID } from '@backsaas/core'
import { EXCLUSIVE, migratorTransaction } from '../execute/migrator-transaction.ts'
import { insertEvent } from './event.ts'
import { findTenant } from './find-tenant.ts'
import { type Platform, readPlatform, tableNames } from './platform.ts'

/**
 * Refuses every further statement for the tenant, at once and in the database. Of a suspended one: does nothing.
 *
 * @throws `TENANT_UNKNOWN` (404); `TENANT_PROTECTED` (409) for `system`.
 */
export async function suspendTenant(database: Database, slug: string): Promise<void> {
  await changeState(database, slug, 'suspended')
}

/** Lets a suspended tenant back in. @throws `TENANT_UNKNOWN` (404). */
export async function resumeTenant(database: Database, slug: string): Promise<void> {
  await changeState(database, slug, 'live')
}

async function changeState(database: Database, slug: string, state: TenantState): Promise<void> {
  await migratorTransaction(database, async (connection) => {
    await connection.batch([EXCLUSIVE])
    await setTenantState(connection, await readPlatform(connection), slug, state)
  })
}

export type TenantState = 'live' | 'suspended'

/**
 * The same, inside the caller's transaction, which holds `EXCLUSIVE`.
 *
 * @returns `changed: false` where it was so before.
 */
export async function setTenantState(
  connection: Connection,
  platform: Platform,
  slug: string,
  state: TenantState,
): Promise<{ id: string; slug: string; changed: boolean }> {
  const tenant = await findTenant(connection, platform, slug)
  if (tenant.id === SYSTEM_TENANT_ID) {
    throw new BackSaasError('TENANT_PROTECTED', 409, 'the tenant "system" is the platform itself and stays live')
  }
  const told = { id: tenant.id, slug: tenant.slug }
  if (tenant.status === state) return { ...told, changed: false }
  const tenants = tableNames(platform, 'tenants')
  await connection.batch([
    {
      text: `update backsaas.fence_tenants set state = $1 where tenant_id = $2`,
      params: [state, tenant.id],
    },
    {
      text: `update ${tenants.table} set ${tenants.column('status')} = $1 where ${tenants.tenant} = $2 and ${tenants.column('id')} = $3`,
      params: [state, SYSTEM_TENANT_ID, tenant.id],
    },
    insertEvent(platform, {
      type: state === 'live' ? 'tenant.resumed' : 'tenant.suspended',
      tenantId: SYSTEM_TENANT_ID,
      subject: tenant.id,
      data: { tenant_id: tenant.id, slug: tenant.slug },
    }),
  ])
  return { ...told, changed: true }
}
