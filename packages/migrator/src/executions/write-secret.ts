/** Sets a secret of a tenant's functions: sealed before it comes near the database. */
import { type Database, type SecretKeys, sealSecret } from '@backsaas/core'
import { migratorTransaction } from '../execute/migrator-transaction.ts'
import { findTenant } from '../registry/find-tenant.ts'
import { insertRow, readPlatform, tableNames } from '../registry/platform.ts'

export interface NewSecret {
  /** Slug or id. */
  readonly tenant: string
  readonly name: string
  readonly value: string
}

/**
 * In place of one that is there.
 *
 * @throws `TENANT_UNKNOWN` (404); `SECRET_KEY_MISSING` (503).
 * @example await writeSecret(database, { tenant: 'acme', name: 'crm_leads', value: 'whsec_…' }, keys)
 */
export async function writeSecret(database: Database, secret: NewSecret, keys: SecretKeys | undefined): Promise<void> {
  const { tenant, name, value } = secret
  await migratorTransaction(database, async (connection) => {
    const platform = await readPlatform(connection)
    const owner = await findTenant(connection, platform, tenant)
    const { sealed, keyId } = await sealSecret(keys, value, `${owner.id}/${name}`)
    const { table, tenant: column, column: c } = tableNames(platform, 'function_secrets')
    await connection.batch([
      { text: `delete from ${table} where ${column} = $1 and ${c('name')} = $2`, params: [owner.id, name] },
      insertRow(platform, 'function_secrets', owner.id, { name, sealed, key_id: keyId }),
    ])
  })
}
