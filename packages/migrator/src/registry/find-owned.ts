/** Which schema an operator's name stands for: several owners may have one of the same name. */
import { BackSaasError, type Connection, type Database, SYSTEM_TENANT_ID } from '@backsaas/core'
import { migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { readPlatform, tableNames } from './platform.ts'

export interface OwnedSchema {
  readonly schemaId: string
  readonly schema: string
  /** The slug of the tenant that owns it. */
  readonly owner: string
}

/**
 * `owner/name` says whose; a name alone is the platform's own, else the only tenant's that has it.
 *
 * @returns null where there is none.
 * @throws `SCHEMA_AMBIGUOUS` (409) where several tenants have one, and the platform none.
 */
export async function findOwned(connection: Connection, name: string): Promise<OwnedSchema | null> {
  const platform = await readPlatform(connection)
  const [owner, schema] = name.includes('/') ? (name.split('/', 2) as [string, string]) : [null, name]
  const [s, t] = [tableNames(platform, 'schemas'), tableNames(platform, 'tenants')]
  const rows = await query(
    connection,
    `select s.${s.column('id')}::text, t.${t.column('slug')}, (s.${s.tenant} = $2)::text from ${s.table} s
     join ${t.table} t on t.${t.tenant} = $2 and t.${t.column('id')} = s.${s.tenant}
     where s.${s.column('name')} = $1 and ($3::text is null or t.${t.column('slug')} = $3) order by 2`,
    [schema, SYSTEM_TENANT_ID, owner],
  )
  const chosen = rows.find(([, , isOurs]) => isOurs === 'true') ?? (rows.length === 1 ? rows[0] : undefined)
  if (chosen) return { schemaId: String(chosen[0]), schema, owner: String(chosen[1]) }
  if (rows.length === 0) return null
  throw new BackSaasError('SCHEMA_AMBIGUOUS', 409, `several tenants have a schema named ${JSON.stringify(schema)}`, {
    hint: `say whose: ${rows.map(([, slug]) => `${slug}/${schema}`).join(', ')}`,
  })
}

/** The same, in a transaction of its own. @example await ownedSchema(database, 'acme/crm') */
export function ownedSchema(database: Database, name: string): Promise<OwnedSchema | null> {
  return migratorTransaction(database, (connection) => findOwned(connection, name))
}

/** For lists that take either: `owner/name` → the schema's id; a name alone stays, for those of all owners. @throws `SCHEMA_UNKNOWN` (404). */
export async function nameOrId(connection: Connection, name: string | null): Promise<string | null> {
  if (name === null || !name.includes('/')) return name
  const own = await findOwned(connection, name)
  if (own) return own.schemaId
  throw new BackSaasError('SCHEMA_UNKNOWN', 404, `there is no schema ${JSON.stringify(name)}`, {
    hint: '`backsaas schemas` lists them',
  })
}
