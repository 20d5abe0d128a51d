/** Suspends a tenant and lets it back in: the fence, the row and the event change together. */
import type { Connection } from '@backsaas/core'
import { BackSaasError, SYSTEM_TENANT_ID } from '@backsaas/core'
import { EXCLUSIVE, migratorTransaction } from '../execute/migrator-transaction.ts'
import { tellDeliverers } from '../stores/delivery-row.ts'
import { type Databases, type Fleet, fleetOf } from '../stores/fleet.ts'
import { noteFences, pendingFences, tellFences } from '../stores/tell-fences.ts'
import { insertEvent } from './event.ts'
import { findTenant } from './find-tenant.ts'
import { type Platform, readPlatform, tableNames } from './platform.ts'

/**
 * Refuses every further statement for the tenant, at once and in every database that has rows of it. Of a suspended one: does nothing.
 *
 * @throws `STORE_UNREACHABLE` (503) where a database could not be told: home is, and it will be; `TENANT_UNKNOWN` (404); `TENANT_PROTECTED` (409) for `system`.
 */
export async function suspendTenant(databases: Databases, slug: string): Promise<void> {
  await changeState(fleetOf(databases), slug, 'suspended')
}

/** Lets a suspended tenant back in. @throws `TENANT_UNKNOWN` (404). */
export async function resumeTenant(databases: Databases, slug: string): Promise<void> {
  await changeState(fleetOf(databases), slug, 'live')
}

async function changeState(fleet: Fleet, slug: string, state: TenantState): Promise<void> {
  const { id } = await migratorTransaction(fleet.home, async (connection) => {
    await connection.batch([EXCLUSIVE])
    return setTenantState(connection, await readPlatform(connection), slug, state)
  })
  await settleFences(fleet, id, slug)
}

/** Until every database has the tenant's state, which others may change meanwhile. @throws `STORE_UNREACHABLE` (503) where one cannot be told. */
export async function settleFences(fleet: Fleet, tenantId: string, slug: string): Promise<void> {
  for (;;) {
    const { faults } = await tellFences(fleet)
    const pending = await migratorTransaction(fleet.home, (connection) => pendingFences(connection, tenantId))
    if (pending.length === 0) return
    if (pending.some((name) => faults.has(name))) throw unreachable(slug, pending)
  }
}

function unreachable(slug: string, pending: readonly string[]): BackSaasError {
  const message = `the state of ${slug} is changed, but ${pending.join(', ')} could not be told yet`
  return new BackSaasError('STORE_UNREACHABLE', 503, message, {
    hint: 'servers hold to it already; the migrator tells the database as soon as it can be reached',
    details: { databases: pending },
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
    noteFences(platform, tenant.id),
    tellDeliverers(),
    insertEvent(platform, {
      type: state === 'live' ? 'tenant.resumed' : 'tenant.suspended',
      tenantId: SYSTEM_TENANT_ID,
      subject: tenant.id,
      data: { tenant_id: tenant.id, slug: tenant.slug },
    }),
  ])
  return { ...told, changed: true }
}
