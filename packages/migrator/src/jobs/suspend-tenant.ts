/** `suspend_tenant` and `resume_tenant`. */
import { EXCLUSIVE } from '../execute/migrator-transaction.ts'
import { setTenantState, type TenantState } from '../registry/suspend-tenant.ts'
import type { Act, ActContext, ActDone } from './act.ts'

export const suspendTenant: Act<'suspend_tenant'> = ({ tenant }, context) => change(tenant, 'suspended', context)

export const resumeTenant: Act<'resume_tenant'> = ({ tenant }, context) => change(tenant, 'live', context)

async function change(name: string, state: TenantState, { connection, platform }: ActContext): Promise<ActDone> {
  await connection.batch([EXCLUSIVE])
  const { id, slug, changed } = await setTenantState(connection, platform, name, state)
  return { result: { id, slug, status: state, changed } }
}
