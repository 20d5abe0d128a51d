/** A new API key of a tenant. */
import type { Connection, Database } from '@backsaas/core'
import { arrayText, BackSaasError, makeApiKey, uuidv7 } from '@backsaas/core'
import { migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { type FoundTenant, findTenant } from './find-tenant.ts'
import { insertRow, type Platform, readCompiled, readPlatform, tableNames } from './platform.ts'

export interface NewKey {
  /** Slug or id. */
  readonly tenant: string
  readonly name: string
  /** Of the tenant's schemas, or `admin`, which every tenant has. Default: `admin`. */
  readonly roles?: readonly string[]
  /** RFC 3339, or a date. Never, unless given. */
  readonly expiresAt?: string | Date
}

const ADMIN = 'admin'
const ROLE = /^[a-z][a-z0-9_]{0,47}$/

/**
 * Makes a key and stores its hash: the key is shown this once.
 *
 * @throws `TENANT_UNKNOWN` (404); `KEY_NAME_INVALID`, `KEY_ROLES_INVALID`, `KEY_EXPIRY_INVALID` (422);
 *   `KEY_ROLES_UNKNOWN` (422) where no schema of the tenant declares a role.
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
    await refuseUnknownRoles(connection, platform, tenant, roles)
    const { key, prefix, hash } = await makeApiKey(tenant.id)
    const id = uuidv7()
    const row = { id, name, prefix, hash, roles: arrayText(roles), expires_at: expiresAt }
    await connection.batch([insertRow(platform, 'api_keys', tenant.id, row)])
    return { id, key, prefix }
  })
}

/** A role that no schema knows would open nothing, and nobody would be told. */
async function refuseUnknownRoles(
  connection: Connection,
  platform: Platform,
  tenant: FoundTenant,
  roles: readonly string[],
): Promise<void> {
  if (roles.every((role) => role === ADMIN)) return
  const installs = tableNames(platform, 'installs')
  const rows = await query(
    connection,
    `select v.compiled from ${installs.table} i join backsaas.versions v
       on v.placement_id = i.${installs.column('placement_id')} and v.version = i.${installs.column('version')}
     where i.${installs.tenant} = $1`,
    [tenant.id],
  )
  const known = new Set([ADMIN, ...rows.flatMap(([compiled]) => Object.keys(readCompiled(compiled).roles))])
  const unknown = roles.filter((role) => !known.has(role))
  if (unknown.length === 0) return
  const message = `no schema of the tenant "${tenant.slug}" has the role ${unknown.join(', ')}`
  throw new BackSaasError('KEY_ROLES_UNKNOWN', 422, message, { hint: `its roles are ${[...known].sort().join(', ')}` })
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
