/** `pin_install` and `unpin_install`: of the tenant's own installs; the operator's `system` names a tenant. */
import { BackSaasError, SYSTEM_TENANT_ID } from '@backsaas/core'
import { EXCLUSIVE } from '../execute/migrator-transaction.ts'
import { pinFor, pinJson, unpinFor, unpinJson } from '../pins/pin-install.ts'
import { type FoundTenant, findTenant } from '../registry/find-tenant.ts'
import type { Act, ActContext } from './act.ts'
import { whoAsks } from './who-asks.ts'

export const pinInstall: Act<'pin_install'> = async ({ tenant: named, ...pin }, context) => {
  const { connection, platform } = context
  await connection.batch([EXCLUSIVE])
  const tenant = await whose(named, context)
  return { result: pinJson(await pinFor(connection, platform, tenant, pin, await whoAsks(context))) }
}

export const unpinInstall: Act<'unpin_install'> = async ({ tenant: named, ...which }, context) => {
  const { connection, platform } = context
  await connection.batch([EXCLUSIVE])
  const tenant = await whose(named, context)
  return { result: unpinJson(await unpinFor(connection, platform, tenant, which, await whoAsks(context))) }
}

/** @throws `42501` (403) where another tenant is named, be it there or not. */
async function whose(named: string | undefined, { connection, platform, tenant }: ActContext): Promise<FoundTenant> {
  if (named === undefined || named === tenant.slug || named === tenant.id) return tenant
  if (tenant.id === SYSTEM_TENANT_ID) return findTenant(connection, platform, named)
  throw new BackSaasError('42501', 403, 'installs of other tenants are for the tenant "system" alone', {
    hint: 'leave `tenant` out for your own',
  })
}
