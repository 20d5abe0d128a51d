/** `provision_tenant`: a new tenant with its installs and, where the runtime has made one, a key of its admin. */
import type { KeyToStore, Statement } from '@backsaas/core'
import { arrayText, uuidv7 } from '@backsaas/core'
import { EXCLUSIVE } from '../execute/migrator-transaction.ts'
import { addTenant } from '../registry/create-tenant.ts'
import { insertRow, type Platform } from '../registry/platform.ts'
import type { Act } from './act.ts'

export const provisionTenant: Act<'provision_tenant'> = async ({ key, ...tenant }, { connection, platform }) => {
  await connection.batch([EXCLUSIVE])
  const { id, slug } = await addTenant(connection, platform, tenant)
  if (key) await connection.batch([insertKey(platform, id, key)])
  return { result: { created: true, id, slug } }
}

function insertKey(platform: Platform, tenantId: string, { prefix, hash }: KeyToStore): Statement {
  const row = { id: uuidv7(), name: 'admin', prefix, hash, roles: arrayText(['admin']) }
  return insertRow(platform, 'api_keys', tenantId, row)
}
