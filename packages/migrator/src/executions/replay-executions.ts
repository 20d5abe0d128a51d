/** Dead work to be tried again, by the same ids. */
import type { Database } from '@backsaas/core'
import { migratorTransaction } from '../execute/migrator-transaction.ts'
import { findTenant } from '../registry/find-tenant.ts'
import { readPlatform, tableNames } from '../registry/platform.ts'

export interface ReplayOptions {
  /** Slug or id. */
  readonly tenant: string
  /** One execution; all dead ones of the tenant unless given. */
  readonly id?: string
  /** The database that has the registry, where it is another one than the work is in. Default: the same. */
  readonly registry?: Database
}

/**
 * @returns how many are queued again.
 * @throws `TENANT_UNKNOWN` (404).
 * @example await replayExecutions(database, { tenant: 'acme' })
 * @example await replayExecutions(eu, { tenant: 'acme', registry: database })
 */
export async function replayExecutions(
  database: Database,
  { tenant, id, registry = database }: ReplayOptions,
): Promise<number> {
  const owner = await migratorTransaction(registry, async (connection) =>
    findTenant(connection, await readPlatform(connection), tenant),
  )
  return migratorTransaction(database, async (connection) => {
    const platform = await readPlatform(connection)
    const { table, tenant: column, column: c } = tableNames(platform, 'function_executions')
    const text = `update ${table} set ${c('status')} = 'queued', ${c('attempt')} = 0, ${c('due_at')} = clock_timestamp(),
      ${c('finished_at')} = null, ${c('error')} = null
      where ${column} = $1 and ${c('status')} = 'dead' and ($2::uuid is null or ${c('id')} = $2::uuid)`
    const [result] = await connection.batch([{ text, params: [owner.id, id ?? null] }])
    return result?.count ?? 0
  })
}
