/** Stores that have yet to be brought the version whose migration is to end in the default store: they need what comes before it. */
import { type Connection, DEFAULT_STORE_ID } from '@backsaas/core'
import type { MigrationProblem } from '../execute/migration-row.ts'
import { query } from '../execute/migrator-transaction.ts'
import { type Platform, tableNames } from '../registry/platform.ts'

/** Of a placement in another store: nothing. */
export async function storesBehind(
  connection: Connection,
  platform: Platform,
  { placementId, toVersion }: { readonly placementId: string; readonly toVersion: number },
): Promise<MigrationProblem | null> {
  const [i, s] = [tableNames(platform, 'installs'), tableNames(platform, 'stores')]
  const rows = await query(
    connection,
    `select s.${s.column('name')} from backsaas.placements d
     join backsaas.placements p on p.schema_id = d.schema_id and p.id <> d.id
     join ${s.table} s on s.${s.column('id')} = p.store_id
     where d.id = $1 and d.store_id = $2
       and not exists (select from backsaas.versions v where v.placement_id = p.id and v.version >= $3 and v.state = 'live')
       and exists (select from ${i.table} i where i.${i.column('placement_id')} = p.id) order by 1`,
    [placementId, DEFAULT_STORE_ID, String(toVersion)],
  )
  const [first] = rows
  if (!first) return null
  const others = rows.length > 1 ? ` and ${rows.length - 1} more` : ''
  return {
    code: 'STORES_BEHIND',
    message: `version ${toVersion} is not in the store ${first[0]}${others} yet`,
    hint: 'it goes on by itself once it is; `backsaas store status` shows how far it is',
    count: rows.length,
  }
}
