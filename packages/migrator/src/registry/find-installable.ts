/** Which schema a name stands for: the tenant's own before those of others, of which only shared ones are to be had. */
import type { Connection } from '@backsaas/core'
import { BackSaasError, DEFAULT_STORE_ID, SYSTEM_TENANT_ID } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import type { Store } from '../stores/store-rows.ts'
import { type Platform, tableNames } from './platform.ts'
import { standingVersion } from './release-version.ts'

/** A schema at the newest version that serves and is not held back for a roll-out. */
export interface Installable {
  readonly name: string
  readonly schemaId: string
  readonly placementId: string
  readonly version: number
}

interface Candidate extends Installable {
  readonly ownerId: string
  readonly owner: string
}

/**
 * The schema that `name` is for a tenant: its own, or the platform's, or the only shared one; `owner/name` says whose. What
 * another tenant owns and does not share is as if it were not there.
 *
 * @param store another than the default one.
 * @throws `STORE_BEHIND` (503) where the store does not have it; `SCHEMA_UNKNOWN` (404); `SCHEMA_AMBIGUOUS` (409) where several tenants share one of that name.
 */
export async function findInstallable(
  connection: Connection,
  platform: Platform,
  tenantId: string,
  name: string,
  store: Store | null = null,
): Promise<Installable> {
  const [owner, schema] = name.includes('/') ? (name.split('/', 2) as [string, string]) : [null, name]
  const all = await readCandidates(connection, platform, tenantId, schema)
  const candidates = owner === null ? all : all.filter((one) => one.owner === owner)
  const [first, second] = [tenantId, SYSTEM_TENANT_ID].flatMap((id) => candidates.filter((one) => one.ownerId === id))
  const chosen = first ?? second ?? (candidates.length === 1 ? candidates[0] : undefined)
  if (chosen && store) return inStore(connection, chosen, store)
  if (chosen) {
    const version = await standingVersion(connection, chosen.placementId)
    return { ...chosen, version: version ?? chosen.version }
  }
  if (candidates.length > 1) {
    const message = `several tenants share a schema named ${JSON.stringify(schema)}`
    throw new BackSaasError('SCHEMA_AMBIGUOUS', 409, message, {
      hint: `say whose: ${candidates.map((one) => `${one.owner}/${schema}`).join(', ')}`,
    })
  }
  throw new BackSaasError('SCHEMA_UNKNOWN', 404, `there is no schema ${JSON.stringify(name)} to install`, {
    hint: 'publish it first, or have its owner share it',
  })
}

/** Where it stands in another store than the default one. */
async function inStore(connection: Connection, { name, schemaId }: Installable, store: Store): Promise<Installable> {
  const [row] = await query(
    connection,
    'select id::text from backsaas.placements where schema_id = $1 and store_id = $2',
    [schemaId, store.id],
  )
  const version = row?.[0] ? await standingVersion(connection, row[0]) : null
  if (row?.[0] && version !== null) return { name, schemaId, placementId: row[0], version }
  throw new BackSaasError('STORE_BEHIND', 503, `${name} is not in the store ${store.name} yet`, {
    hint: 'try again in a moment: `backsaas store status` shows how far it is',
  })
}

async function readCandidates(
  connection: Connection,
  platform: Platform,
  tenantId: string,
  name: string,
): Promise<readonly Candidate[]> {
  const [s, t] = [tableNames(platform, 'schemas'), tableNames(platform, 'tenants')]
  const rows = await query(
    connection,
    `select s.${s.tenant}::text, t.${t.column('slug')}, s.${s.column('id')}::text, p.id::text, max(v.version)::text
     from ${s.table} s
     join ${t.table} t on t.${t.tenant} = $3 and t.${t.column('id')} = s.${s.tenant}
     join backsaas.placements p on p.schema_id = s.${s.column('id')} and p.store_id = $1
     join backsaas.versions v on v.placement_id = p.id and v.state = 'live'
     where s.${s.column('name')} = $2 and (s.${s.tenant} in ($3, $4) or s.${s.column('shared')})
     group by 1, 2, 3, 4 order by 2`,
    [DEFAULT_STORE_ID, name, SYSTEM_TENANT_ID, tenantId],
  )
  return rows.map(([ownerId, owner, schemaId, placementId, version]) => ({
    name,
    ownerId: String(ownerId),
    owner: String(owner),
    schemaId: String(schemaId),
    placementId: String(placementId),
    version: Number(version),
  }))
}
