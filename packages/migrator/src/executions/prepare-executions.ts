/** What the worker of functions needs of its queue: an index of what is not over, which is little among much. */
import type { Connection } from '@backsaas/core'
import { query, runDdl } from '../execute/migrator-transaction.ts'
import { identifier } from '../plan/quote.ts'
import { type Platform, tableNames } from '../registry/platform.ts'

export async function prepareExecutions(connection: Connection, platform: Platform): Promise<void> {
  const { table, tenant, column: c } = tableNames(platform, 'function_executions')
  const name = 'backsaas_executions_due'
  const known = `${identifier(platform.mapping.schema)}.${name}`
  const [found] = await query(connection, 'select to_regclass($1)::text', [known])
  if (found?.[0]) return
  await runDdl(connection, [
    `create index ${name} on ${table} (${tenant}, ${c('due_at')}) where ${c('due_at')} is not null`,
  ])
}
