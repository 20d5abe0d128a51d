/** Roll-outs for who has the database at hand, and no API: the same acts, at once. */
import type { Database, JobKind, Json, JsonObject } from '@backsaas/core'
import { checkArguments } from '@backsaas/core'
import { migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { act } from '../jobs/acts.ts'
import { readableNaming } from '../plan/names.ts'
import { findTenant } from '../registry/find-tenant.ts'
import { readPlatform, tableNames } from '../registry/platform.ts'
import { hasRollouts } from './rollout-row.ts'

export type RolloutAct = Extract<JobKind, `${string}_rollout`>

/**
 * @param owner of the schema; default `system`.
 * @throws what the act throws: see `start_rollout` and the others in docs/registry.md.
 * @example await steerRollout(database, 'start_rollout', { schema: 'crm', waves: [1, 100] })
 */
export function steerRollout(
  database: Database,
  kind: RolloutAct,
  input: JsonObject,
  owner = 'system',
): Promise<JsonObject> {
  const request = checkArguments(kind, input)
  return migratorTransaction(database, async (connection) => {
    const platform = await readPlatform(connection)
    const tenant = await findTenant(connection, platform, owner)
    const context = {
      connection,
      platform,
      tenant,
      base: null,
      askedBy: null,
      naming: readableNaming,
      decide: undefined,
      functions: [],
    }
    return (await act(request, context)).result
  })
}

/** As the API shows them: the fields of `rollouts`, the newest first. */
export function listRollouts(database: Database, schema?: string): Promise<readonly JsonObject[]> {
  return migratorTransaction(database, async (connection) => {
    const platform = await readPlatform(connection)
    if (!hasRollouts(platform)) return []
    const { table, column } = tableNames(platform, 'rollouts')
    const pairs = SHOWN.map((field) => `'${field}', ${column(field)}`).join(', ')
    const rows = await query(
      connection,
      `select json_build_object(${pairs})::text from ${table} where $1::text is null or ${column('schema_name')} = $1
       order by ${column('created_at')} desc limit 50`,
      [schema ?? null],
    )
    return rows.map(([json]) => JSON.parse(String(json)) as JsonObject satisfies Json) // as the statement makes it
  })
}

/** What both ways show. */
export const SHOWN: readonly string[] = [
  ...['id', 'schema_name', 'from_version', 'to_version', 'state', 'wave', 'waves', 'baking_since'],
  ...['moved', 'total', 'pinned', 'stores', 'health', 'problem', 'led_by', 'created_at', 'finished_at'],
]
