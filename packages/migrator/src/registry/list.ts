/** What the registry holds, for people at a terminal. */
import type { Connection, Database } from '@backsaas/core'
import { SYSTEM_TENANT_ID } from '@backsaas/core'
import { migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { findTenant } from './find-tenant.ts'
import { type Platform, readPlatform, tableNames } from './platform.ts'

export interface TenantSummary {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly status: string
  readonly hosts: readonly string[]
}

export interface SchemaSummary {
  readonly id: string
  readonly name: string
  /** The slug of the tenant that owns it. */
  readonly owner: string
  /** The newest. */
  readonly version: number
}

export interface KeySummary {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly roles: readonly string[]
  readonly expiresAt: string | null
  readonly revokedAt: string | null
}

/** Every tenant, `system` too, by slug. */
export function listTenants(database: Database): Promise<readonly TenantSummary[]> {
  return onPlatform(database, async (connection, platform) => {
    const t = tableNames(platform, 'tenants')
    const rows = await query(
      connection,
      `select ${t.column('id')}::text, ${t.column('slug')}, ${t.column('name')}, ${t.column('status')},
              to_json(coalesce(${t.column('hosts')}, '{}'))::text
       from ${t.table} where ${t.tenant} = $1 order by 2`,
      [SYSTEM_TENANT_ID],
    )
    return rows.map(([id, slug, name, status, hosts]) => ({
      id: String(id),
      slug: String(slug),
      name: String(name),
      status: String(status),
      hosts: textList(hosts),
    }))
  })
}

/** Every schema of every owner, by name. */
export function listSchemas(database: Database): Promise<readonly SchemaSummary[]> {
  return onPlatform(database, async (connection, platform) => {
    const [s, v, t] = [
      tableNames(platform, 'schemas'),
      tableNames(platform, 'schema_versions'),
      tableNames(platform, 'tenants'),
    ]
    const rows = await query(
      connection,
      `select s.${s.column('id')}::text, s.${s.column('name')}, t.${t.column('slug')}, max(v.${v.column('version')})::text
       from ${s.table} s
       join ${v.table} v on v.${v.tenant} = s.${s.tenant} and v.${v.column('schema_id')} = s.${s.column('id')}
       join ${t.table} t on t.${t.tenant} = $1 and t.${t.column('id')} = s.${s.tenant}
       group by 1, 2, 3 order by 2, 3`,
      [SYSTEM_TENANT_ID],
    )
    return rows.map(([id, name, owner, version]) => ({
      id: String(id),
      name: String(name),
      owner: String(owner),
      version: Number(version),
    }))
  })
}

/** The keys of a tenant, oldest first. @throws `TENANT_UNKNOWN` (404). */
export function listKeys(database: Database, tenant: string): Promise<readonly KeySummary[]> {
  return onPlatform(database, async (connection, platform) => {
    const { id: tenantId } = await findTenant(connection, platform, tenant)
    const k = tableNames(platform, 'api_keys')
    const rows = await query(
      connection,
      `select ${k.column('id')}::text, ${k.column('name')}, ${k.column('prefix')}, to_json(${k.column('roles')})::text,
              to_json(${k.column('expires_at')})#>>'{}', to_json(${k.column('revoked_at')})#>>'{}'
       from ${k.table} where ${k.tenant} = $1 order by ${k.column('id')}`,
      [tenantId],
    )
    return rows.map(([id, name, prefix, roles, expiresAt, revokedAt]) => ({
      id: String(id),
      name: String(name),
      prefix: String(prefix),
      roles: textList(roles),
      expiresAt: expiresAt ?? null,
      revokedAt: revokedAt ?? null,
    }))
  })
}

function onPlatform<T>(
  database: Database,
  run: (connection: Connection, platform: Platform) => Promise<T>,
): Promise<T> {
  return migratorTransaction(database, async (connection) => run(connection, await readPlatform(connection)))
}

/** The column is a text array, so its JSON is a list of strings. */
function textList(json: string | null | undefined): readonly string[] {
  return JSON.parse(json ?? '[]') as string[]
}
