/** Where what a tenant installs is to stand. */
import { type Connection, DEFAULT_STORE_ID } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import { readPlatform, tableNames } from '../registry/platform.ts'
import { findStore, type Store } from './store-rows.ts'

/** @param store its name or id; the tenant's own unless given. @returns null for the default store. @throws `STORE_UNKNOWN` (404). */
export async function storeOf(
  connection: Connection,
  { tenantId, store }: { readonly tenantId: string; readonly store?: string | undefined },
): Promise<Store | null> {
  const platform = await readPlatform(connection)
  const wanted = store ?? (await ownStore(connection, tenantId))
  if (wanted === null) return null
  const found = await findStore(connection, platform, wanted)
  return found.id === DEFAULT_STORE_ID ? null : found
}

async function ownStore(connection: Connection, tenantId: string): Promise<string | null> {
  const platform = await readPlatform(connection)
  if (!Object.hasOwn(platform.compiled.entities.tenants?.fields ?? {}, 'store_id')) return null
  const t = tableNames(platform, 'tenants')
  const [row] = await query(
    connection,
    `select ${t.column('store_id')}::text from ${t.table} where ${t.column('id')} = $1`,
    [tenantId],
  )
  return row?.[0] ?? null
}
