/** Stores and deliveries, for who has the database at hand. */
import { type Database, PLATFORM_STORE_ID, SYSTEM_TENANT_ID } from '@backsaas/core'
import { migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { nameOrId } from '../registry/find-owned.ts'
import { readPlatform, tableNames } from '../registry/platform.ts'
import { type Delivery, readDeliveries } from './delivery-row.ts'

export interface StoreSummary {
  readonly name: string
  readonly kind: string
  /** Null of home's. */
  readonly database: string | null
  /** The slug of the tenant that has it alone; null where none does. */
  readonly dedicatedTo: string | null
  readonly schemas: number
  /** Tenants with an install there. */
  readonly tenants: number
}

/** @param home the database that has the registry. */
export function listStores(home: Database): Promise<readonly StoreSummary[]> {
  return migratorTransaction(home, async (connection) => {
    const platform = await readPlatform(connection)
    const [s, t, i] = ['stores', 'tenants', 'installs'].map((entity) => tableNames(platform, entity)) as [
      ReturnType<typeof tableNames>,
      ReturnType<typeof tableNames>,
      ReturnType<typeof tableNames>,
    ]
    const rows = await query(
      connection,
      `select s.${s.column('name')}, s.${s.column('kind')}, s.${s.column('database')}, t.${t.column('slug')},
              (select count(*) from backsaas.placements p where p.store_id = s.${s.column('id')})::text,
              (select count(distinct i.${i.tenant}) from ${i.table} i
                 join backsaas.placements p on p.id = i.${i.column('placement_id')} where p.store_id = s.${s.column('id')})::text
       from ${s.table} s
       left join ${t.table} t on t.${t.tenant} = $1 and t.${t.column('id')} = s.${s.column('dedicated_to')}
       where s.${s.tenant} = $1 and s.${s.column('id')} <> $2
       order by s.${s.column('position')} nulls last, 1`,
      [SYSTEM_TENANT_ID, PLATFORM_STORE_ID],
    )
    return rows.map(([name, kind, database, slug, schemas, tenants]) => ({
      name: String(name),
      kind: String(kind),
      database: database ?? null,
      dedicatedTo: slug ?? null,
      schemas: Number(schemas),
      tenants: Number(tenants),
    }))
  })
}

/** The newest of each schema, or of one. @param schema its name or id, or `owner/name`. @param version that one alone. */
export function listDeliveries(
  home: Database,
  schema: string | null = null,
  version: number | null = null,
): Promise<readonly Delivery[]> {
  return migratorTransaction(home, async (connection) =>
    readDeliveries(connection, await readPlatform(connection), await nameOrId(connection, schema), version),
  )
}
