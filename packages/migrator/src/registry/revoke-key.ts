/** Ends an API key before its time. */
import type { Database } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { findTenant } from './find-tenant.ts'
import { readPlatform, tableNames } from './platform.ts'

/**
 * Revokes a key: servers refuse it within 10 seconds. Of one that is revoked: does nothing.
 *
 * @param key the tenant's slug or id, and the key's prefix, as `listKeys` and `createKey` tell it.
 * @returns `revoked: false` where it was revoked before.
 * @throws `TENANT_UNKNOWN`, `KEY_UNKNOWN` (404).
 * @example await revokeKey(database, { tenant: 'acme', prefix: '4f0cba1e93d7' })
 */
export function revokeKey(
  database: Database,
  key: { readonly tenant: string; readonly prefix: string },
): Promise<{ id: string; revoked: boolean }> {
  return migratorTransaction(database, async (connection) => {
    const platform = await readPlatform(connection)
    const tenant = await findTenant(connection, platform, key.tenant)
    const keys = tableNames(platform, 'api_keys')
    const [id, revokedAt] = ['id', 'revoked_at'].map(keys.column)
    const [found] = await query(
      connection,
      `select ${id}::text, (${revokedAt} is not null)::text from ${keys.table}
       where ${keys.tenant} = $1 and ${keys.column('prefix')} = $2 for update`,
      [tenant.id, key.prefix],
    )
    if (!found) {
      throw new BackSaasError(
        'KEY_UNKNOWN',
        404,
        `the tenant "${tenant.slug}" has no key ${JSON.stringify(key.prefix)}`,
        {
          hint: 'the prefix is the 12 characters behind the second underscore of the key',
        },
      )
    }
    const [keyId, wasRevoked] = found
    if (wasRevoked !== 'true') {
      await query(
        connection,
        `update ${keys.table} set ${revokedAt} = now() where ${keys.tenant} = $1 and ${id} = $2`,
        [tenant.id, String(keyId)],
      )
    }
    return { id: String(keyId), revoked: wasRevoked !== 'true' }
  })
}
