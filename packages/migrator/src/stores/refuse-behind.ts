/** Whether every store has a version that its tenants are to move to. */
import { BackSaasError, type Connection } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import { type Platform, tableNames } from '../registry/platform.ts'
import { openDeliveries } from './delivery-row.ts'

/**
 * Those of a delivery that goes on where a store fails (`on_error: continue`) are left behind: their tenants stay where they are.
 *
 * @throws `STORES_BEHIND` (409).
 */
export async function refuseBehind(
  connection: Connection,
  platform: Platform,
  { schemaId, schema, toVersion }: { readonly schemaId: string; readonly schema: string; readonly toVersion: number },
): Promise<void> {
  const [i, s] = [tableNames(platform, 'installs'), tableNames(platform, 'stores')]
  const rows = await query(
    connection,
    `select s.${s.column('name')} from backsaas.placements p join ${s.table} s on s.${s.column('id')} = p.store_id
     where p.schema_id = $1
       and not exists (select from backsaas.versions v where v.placement_id = p.id and v.version = $2 and v.state = 'live')
       and exists (select from ${i.table} i where i.${i.column('placement_id')} = p.id) order by 1`,
    [schemaId, String(toVersion)],
  )
  if (rows.length === 0) return
  const deliveries = await openDeliveries(connection, platform, schemaId)
  if (deliveries.some(({ version, onError }) => version === toVersion && onError === 'continue')) return
  const names = rows.map(([name]) => String(name))
  const message = `version ${toVersion} of ${schema} is not in every store yet: ${names.slice(0, 5).join(', ')}`
  throw new BackSaasError('STORES_BEHIND', 409, message, {
    hint: '`backsaas store status` shows how far it is; deliver it with `--on-error continue` to leave stores behind',
    details: { stores: names },
  })
}
