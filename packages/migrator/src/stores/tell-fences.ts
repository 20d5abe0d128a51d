/** Tenants' states go to the fences of other databases: home's is at once, theirs as soon as they can be reached. */
import { arrayText, BackSaasError, type Connection, type Statement } from '@backsaas/core'
import { MIGRATOR_SCOPE, migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { type Platform, tableNames } from '../registry/platform.ts'
import { tellDeliverers } from './delivery-row.ts'
import { databaseOf, type Fleet } from './fleet.ts'
import { checkIdentity, readIdentity } from './identity.ts'
import type { Store } from './store-rows.ts'

/** In the transaction that changes the state: notes for which databases it is news. */
export function noteFences(platform: Platform, tenantId: string): Statement {
  const i = tableNames(platform, 'installs')
  return {
    text: `insert into backsaas.fence_pending (tenant_id, database)
           select distinct i.${i.tenant}, p.database from ${i.table} i join backsaas.placements p on p.id = i.${i.column('placement_id')}
           where i.${i.tenant} = $1 and p.database is not null`,
    params: [tenantId],
    prepare: false,
  }
}

/** In the transaction of a tenant's install in a store: a state that changed since the store was prepared goes there. */
export function noteFenceIn({ database }: Pick<Store, 'database'>, tenantId: string): Statement[] {
  if (database === null) return []
  return [
    {
      text: 'insert into backsaas.fence_pending (tenant_id, database) values ($1, $2)',
      params: [tenantId, database],
      prepare: false,
    },
    tellDeliverers(),
  ]
}

/** The databases that a tenant's state has not reached. */
export async function pendingFences(connection: Connection, tenantId: string): Promise<readonly string[]> {
  const rows = await query(
    connection,
    'select distinct database from backsaas.fence_pending where tenant_id = $1 order by 1',
    [tenantId],
  )
  return rows.map(([name]) => String(name))
}

export interface FencesTold {
  /** How many of how many have yet to be told. */
  readonly left: number
  /** By the database's name: why. */
  readonly faults: ReadonlyMap<string, unknown>
}

/** Tells every database what it has not been told. One that cannot be reached is left for the next time. */
export async function tellFences(fleet: Fleet): Promise<FencesTold> {
  const rows = await query(
    fleet.home.open(MIGRATOR_SCOPE, 'migrator'),
    'select database, count(distinct tenant_id)::text from backsaas.fence_pending group by 1',
  )
  const faults = new Map<string, unknown>()
  let left = 0
  for (const [name, count] of rows) {
    try {
      await tellFence(fleet, String(name))
    } catch (error) {
      if (!(error instanceof BackSaasError)) throw error
      faults.set(String(name), error)
      left += Number(count)
    }
  }
  return { left, faults }
}

/** One teller of a database at a time: of two, the one that read first might write last. */
async function tellFence(fleet: Fleet, name: string): Promise<void> {
  const database = databaseOf(fleet, name)
  await migratorTransaction(fleet.home, async (connection) => {
    await query(connection, `select pg_advisory_xact_lock(25203, hashtext($1))`, [name])
    const notes = await query(
      connection,
      `select n.id::text, f.tenant_id::text, f.state from backsaas.fence_pending n
       join backsaas.fence_tenants f on f.tenant_id = n.tenant_id where n.database = $1`,
      [name],
    )
    if (notes.length === 0) return
    const identity = await readIdentity(connection)
    await migratorTransaction(database, async (there) => {
      await checkIdentity(there, identity, name)
      await there.batch(notes.map(([, tenant, state]) => setFence(String(tenant), String(state))))
    })
    await query(connection, 'delete from backsaas.fence_pending where id = any ($1::bigint[])', [
      arrayText(notes.map(([id]) => String(id))),
    ])
  })
}

/** In the fence of a database, before home has the tenant: what is there stays. */
export function letIn(tenantId: string): Statement {
  return {
    text: `insert into backsaas.fence_tenants (tenant_id, state) values ($1, 'live') on conflict (tenant_id) do nothing`,
    params: [tenantId],
    prepare: false,
  }
}

/** In the fence of a database. */
function setFence(tenantId: string, state: string): Statement {
  return {
    text: `insert into backsaas.fence_tenants (tenant_id, state) values ($1, $2) on conflict (tenant_id) do update set state = excluded.state`,
    params: [tenantId, state],
    prepare: false,
  }
}
