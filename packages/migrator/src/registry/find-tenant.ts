/** Looks a tenant up by slug or id. */
import type { Connection } from '@backsaas/core'
import { BackSaasError, isUuid, SYSTEM_TENANT_ID } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import { type Platform, tableNames } from './platform.ts'

export interface FoundTenant {
  readonly id: string
  readonly slug: string
  readonly status: string
}

/** @throws `TENANT_UNKNOWN` (404) where there is none. */
export async function findTenant(connection: Connection, platform: Platform, slugOrId: string): Promise<FoundTenant> {
  const tenants = tableNames(platform, 'tenants')
  const [id, slug, status] = ['id', 'slug', 'status'].map(tenants.column)
  const by = isUuid(slugOrId) ? id : slug
  const [row] = await query(
    connection,
    `select ${id}::text, ${slug}, ${status} from ${tenants.table} where ${tenants.tenant} = $1 and ${by} = $2`,
    [SYSTEM_TENANT_ID, slugOrId],
  )
  if (row) return { id: String(row[0]), slug: String(row[1]), status: String(row[2]) }
  throw new BackSaasError('TENANT_UNKNOWN', 404, `there is no tenant ${JSON.stringify(slugOrId)}`, {
    hint: 'make it with `backsaas tenant create`',
  })
}
