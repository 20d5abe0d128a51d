/** A new API key of a tenant. */
import type { Database } from '@backsaas/core'
import { BackSaasError, makeApiKey, uuidv7 } from '@backsaas/core'
import { migratorTransaction } from '../execute/migrator-transaction.ts'
import { arrayText } from '../plan/column.ts'
import { findTenant } from './find-tenant.ts'
import { insertRow, readPlatform } from './platform.ts'

export interface NewKey {
  /** Slug or id. */
  readonly tenant: string
  readonly name: string
  /** Default: `admin`. */
  readonly roles?: readonly string[]
  /** RFC 3339, or a date. Never, unless given. */
  readonly expiresAt?: string | Date
}

const ROLE = /^[a-z][a-z0-9_]{0,47}$/

/**
 * Makes a key and stores its hash: the key is shown this once.
 *
 * @throws `TENANT_UNKNOWN` (404); `KEY_NAME_INVALID`, `KEY_ROLES_INVALID`, `KEY_EXPIRY_INVALID` (422).
 * @example const { key } = await createKey(database, { tenant: 'acme', name: 'import' })
 */
export async function createKey(
  database: Database,
  wanted: NewKey,
): Promise<{ id: string; key: string; prefix: string }> {
  const name = wanted.name.trim()
  const roles = wanted.roles ?? ['admin']
  if (name.length < 1 || name.length > 100) {
    throw new BackSaasError('KEY_NAME_INVALID', 422, 'the name of a key has 1 to 100 characters')
  }
  if (roles.length === 0 || !roles.every((role) => ROLE.test(role))) {
    throw new BackSaasError('KEY_ROLES_INVALID', 422, 'the roles of a key are one or more role names', {
      hint: 'lower-case letters, digits and underscores; a letter first',
    })
  }
  const expiresAt = wanted.expiresAt === undefined ? null : readExpiry(wanted.expiresAt)
  return migratorTransaction(database, async (connection) => {
    const platform = await readPlatform(connection)
    const tenant = await findTenant(connection, platform, wanted.tenant)
    const { key, prefix, hash } = await makeApiKey(tenant.id)
    const id = uuidv7()
    const row = { id, name, prefix, hash, roles: arrayText(roles), expires_at: expiresAt }
    await connection.batch([insertRow(platform, 'api_keys', tenant.id, row)])
    return { id, key, prefix }
  })
}

function readExpiry(expiresAt: string | Date): string {
  const date = new Date(expiresAt)
  if (Number.isNaN(date.getTime()) || date.getTime() <= Date.now()) {
    throw new BackSaasError('KEY_EXPIRY_INVALID', 422, 'a key expires at a time in the future', {
      hint: 'as 2030-01-31T00:00:00Z',
    })
  }
  return date.toISOString()
}
