/** The schemas that a tenant may install: its own, the platform's, and what other tenants share. */
import type { Connection } from '@backsaas/core'
import { DEFAULT_STORE_ID, SYSTEM_TENANT_ID } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import { type Platform, tableNames } from './platform.ts'

export interface InstallableSummary {
  readonly name: string
  /** The slug of the tenant that owns it. */
  readonly owner: string
  readonly schemaId: string
  readonly description: string | null
  /** The newest that serves and is not held back for a roll-out: what an install gets. */
  readonly version: number
  /** The tenant's profiles that it is already. */
  readonly installedAs: readonly string[]
}

export interface InstallablePage {
  /** By owner, then name. */
  readonly schemas: readonly InstallableSummary[]
  /** What to give as `after` for the next page; null on the last. */
  readonly next: string | null
}

const PAGE = 200

/**
 * @param search part of a name, in any case.
 * @param after `owner/name`, as `next` of the page before.
 */
export async function listInstallable(
  connection: Connection,
  platform: Platform,
  tenantId: string,
  { search, after }: { readonly search?: string | undefined; readonly after?: string | undefined },
): Promise<InstallablePage> {
  const [s, t, i] = [tableNames(platform, 'schemas'), tableNames(platform, 'tenants'), tableNames(platform, 'installs')]
  const [slug, name, id] = [`t.${t.column('slug')} collate "C"`, `s.${s.column('name')} collate "C"`, s.column('id')]
  const rows = await query(
    connection,
    `select ${slug}, ${name}, s.${id}::text, s.${s.column('description')},
       coalesce(max(v.version) filter (where not v.held), max(v.version))::text,
       (select coalesce(json_agg(i.${i.column('profile')} order by i.${i.column('profile')}), '[]')::text from ${i.table} i
        where i.${i.tenant} = $2 and i.${i.column('schema_id')} = s.${id})
     from ${s.table} s
     join ${t.table} t on t.${t.tenant} = $3 and t.${t.column('id')} = s.${s.tenant}
     join backsaas.placements p on p.schema_id = s.${id} and p.store_id = $1
     join backsaas.versions v on v.placement_id = p.id and v.state = 'live'
     where (s.${s.tenant} in ($2, $3) or s.${s.column('shared')}) and strpos(lower(s.${s.column('name')}), lower($4)) > 0
       and ($5::text is null or (${slug}, ${name}) > (split_part($5, '/', 1) collate "C", split_part($5, '/', 2) collate "C"))
     group by t.${t.column('slug')}, s.${s.column('name')}, s.${id}, s.${s.column('description')}
     order by ${slug}, ${name} limit ${PAGE + 1}`,
    [DEFAULT_STORE_ID, tenantId, SYSTEM_TENANT_ID, search ?? '', after ?? null],
  )
  const schemas = rows.slice(0, PAGE).map(([owner, schema, schemaId, description, version, installed]) => ({
    name: String(schema),
    owner: String(owner),
    schemaId: String(schemaId),
    description: description ?? null,
    version: Number(version),
    installedAs: JSON.parse(installed ?? '[]') as string[], // as the query makes it
  }))
  const last = schemas.at(-1)
  return { schemas, next: rows.length > PAGE && last ? `${last.owner}/${last.name}` : null }
}
