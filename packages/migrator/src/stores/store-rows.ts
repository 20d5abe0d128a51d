/** Stores, and the placements that schemas have in them, as home's registry has them. */
import {
  BackSaasError,
  type Connection,
  DEFAULT_STORE_ID,
  isUuid,
  type Statement,
  SYSTEM_TENANT_ID,
} from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import { type Platform, type TableNames, tableNames } from '../registry/platform.ts'

export interface Store {
  readonly id: string
  readonly name: string
  readonly kind: 'pooled' | 'dedicated'
  /** Null of home's. */
  readonly database: string | null
  /** Of a dedicated one, the tenant that has it; null where it is free. */
  readonly dedicatedTo: string | null
}

/** @throws `STORE_UNKNOWN` (404). */
export async function findStore(
  connection: Connection,
  platform: Platform,
  nameOrId: string,
  by: 'name' | 'id' = isUuid(nameOrId) ? 'id' : 'name',
): Promise<Store> {
  const { table, tenant, column } = tableNames(platform, 'stores')
  const [row] = await query(
    connection,
    `select ${columns(tableNames(platform, 'stores'))} from ${table} s
     where s.${tenant} = $1 and s.${column(by)} = $2 and s.${column('name')} <> 'platform'`,
    [SYSTEM_TENANT_ID, nameOrId],
  )
  if (row) return toStore(row)
  throw new BackSaasError('STORE_UNKNOWN', 404, `there is no store ${JSON.stringify(nameOrId)}`, {
    hint: 'make it with `backsaas store create`',
  })
}

/** @throws `STORE_DEDICATED` (409) where it is another tenant's. */
export function refuseDedicated({ name, kind, dedicatedTo }: Store, tenantId: string): void {
  if (kind !== 'dedicated' || dedicatedTo === null || dedicatedTo === tenantId) return
  throw new BackSaasError('STORE_DEDICATED', 409, `the store ${JSON.stringify(name)} is another tenant's`, {
    hint: 'make one for this tenant: `backsaas store create NAME --dedicated`',
  })
}

/** The first tenant that installs something in a dedicated store has it. */
export function claimStore(platform: Platform, { id, kind, dedicatedTo }: Store, tenantId: string): Statement[] {
  if (kind !== 'dedicated' || dedicatedTo !== null) return []
  const { table, tenant, column } = tableNames(platform, 'stores')
  return [
    {
      text: `update ${table} set ${column('dedicated_to')} = $3 where ${tenant} = $1 and ${column('id')} = $2`,
      params: [SYSTEM_TENANT_ID, id, tenantId],
      prepare: false,
    },
  ]
}

/** A schema in a store. */
export interface Placement {
  readonly id: string
  readonly store: Store
}

/** Where a schema stands: the default store first, the others by position and name. */
export async function readPlacements(
  connection: Connection,
  platform: Platform,
  schemaId: string,
): Promise<readonly Placement[]> {
  const s = tableNames(platform, 'stores')
  const rows = await query(
    connection,
    `select p.id::text, ${columns(s)} from backsaas.placements p
     join ${s.table} s on s.${s.tenant} = $2 and s.${s.column('id')} = p.store_id
     where p.schema_id = $1
     order by s.${s.column('id')} = $3 desc, s.${s.column('position')} nulls last, s.${s.column('name')}`,
    [schemaId, SYSTEM_TENANT_ID, DEFAULT_STORE_ID],
  )
  return rows.map(([id, ...store]) => ({ id: String(id), store: toStore(store) }))
}

function columns({ column }: TableNames): string {
  return ['id', 'name', 'kind', 'database', 'dedicated_to'].map((field) => `s.${column(field)}::text`).join(', ')
}

function toStore([id, name, kind, database, dedicatedTo]: readonly (string | null | undefined)[]): Store {
  return {
    id: String(id),
    name: String(name),
    kind: kind === 'dedicated' ? 'dedicated' : 'pooled',
    database: database ?? null,
    dedicatedTo: dedicatedTo ?? null,
  }
}
