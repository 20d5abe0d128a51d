/** What the registry holds, for people at a terminal. */
import type { Connection, Database, Event } from '@backsaas/core'
import { BackSaasError, SYSTEM_TENANT_ID } from '@backsaas/core'
import { migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { eventColumns, readEvent } from '../relay/event-rows.ts'
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
  /** Whether other tenants may install it; those of `system` they may. */
  readonly shared: boolean
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
      `select s.${s.column('id')}::text, s.${s.column('name')}, t.${t.column('slug')}, max(v.${v.column('version')})::text,
              s.${s.column('shared')}::text
       from ${s.table} s
       join ${v.table} v on v.${v.tenant} = s.${s.tenant} and v.${v.column('schema_id')} = s.${s.column('id')}
       join ${t.table} t on t.${t.tenant} = $1 and t.${t.column('id')} = s.${s.tenant}
       group by 1, 2, 3, 5 order by 2, 3`,
      [SYSTEM_TENANT_ID],
    )
    return rows.map(([id, name, owner, version, shared]) => ({
      id: String(id),
      name: String(name),
      owner: String(owner),
      version: Number(version),
      shared: owner === 'system' || shared === 'true',
    }))
  })
}

/** Committed events of all tenants behind a position, oldest first; those that were not relayed yet have none. */
export function listEvents(database: Database, after: number, max: number): Promise<readonly Event[]> {
  return onPlatform(database, async (connection, platform) => {
    const e = tableNames(platform, 'events')
    const position = `event.${e.column('position')}`
    const rows = await query(
      connection,
      `select ${eventColumns(e)} from ${e.table} event where ${position} > $1::bigint order by ${position} limit $2::bigint`,
      [String(after), String(max)],
    )
    return rows.map(readEvent)
  })
}

/**
 * The text of a version, as it was published.
 *
 * @throws `TENANT_UNKNOWN`, `VERSION_UNKNOWN` (404).
 */
export function readVersionSource(
  database: Database,
  wanted: { readonly owner: string; readonly schema: string; readonly version: number },
): Promise<string> {
  return onPlatform(database, async (connection, platform) => {
    const { id: ownerId } = await findTenant(connection, platform, wanted.owner)
    const [s, v] = [tableNames(platform, 'schemas'), tableNames(platform, 'schema_versions')]
    const [row] = await query(
      connection,
      `select v.${v.column('source')} from ${v.table} v
       join ${s.table} s on s.${s.tenant} = v.${v.tenant} and s.${s.column('id')} = v.${v.column('schema_id')}
       where v.${v.tenant} = $1 and s.${s.column('name')} = $2 and v.${v.column('version')} = $3`,
      [ownerId, wanted.schema, String(wanted.version)],
    )
    if (row) return String(row[0])
    const message = `${wanted.owner} has no version ${wanted.version} of ${wanted.schema}`
    throw new BackSaasError('VERSION_UNKNOWN', 404, message, { hint: 'see `backsaas schemas`' })
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
