/** Migrations that rows stood in the way of: looked at again now and then, and gone on with once the rows are corrected. */
import type { Database } from '@backsaas/core'
import { isInTheWay } from './describe-blockers.ts'
import { isAnyFailing } from './find-blockers.ts'
import type { MigrationHook } from './migration-hook.ts'
import type { MigrationProblem } from './migration-row.ts'
import { type MigrationRow, readMigration } from './migration-row.ts'
import { migratorTransaction, query } from './migrator-transaction.ts'
import { isUnfitting } from './refuse-unfitting.ts'
import { isAnyHookFailing } from './run-hook.ts'

/** Of rows, that is: one that waits for a token waits for somebody. */
const OF_ROWS: readonly MigrationProblem['code'][] = [
  'NULLS',
  'DUPLICATES',
  'ORPHANS',
  'OUT_OF_BOUNDS',
  'ROWS_QUARANTINED',
  'HOOK_FAILED',
]

interface Looking {
  /** Of all migrator processes together, for each migration. */
  readonly everyMs: number
  readonly hooks?: readonly MigrationHook[] | undefined
  /** Null for all. */
  readonly schemaId?: string | null
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks whether any row still is in the way, and no more: reading ends at the first one. Where none is, the migration is ready again for
 * whichever migrator comes by.
 *
 * @returns whether any is.
 */
export async function resumeCorrected(
  database: Database,
  { everyMs, hooks, schemaId = null, signal }: Looking,
): Promise<boolean> {
  const turns = await migratorTransaction(database, (connection) =>
    query(
      connection,
      `update backsaas.migrations set updated_at = clock_timestamp()
       where state = 'blocked' and wanted is not null and lease_until <= clock_timestamp()
         and problem::json ->> 'code' = any (string_to_array($2, ','))
         and ($3::uuid is null or schema_id = $3)
         and updated_at <= clock_timestamp() - make_interval(secs => $1::float8 / 1000) returning id::text`,
      [String(everyMs), OF_ROWS.join(','), schemaId],
    ),
  )
  let isAny = false
  for (const [id] of turns) {
    const migration = await migratorTransaction(database, (connection) => readMigration(connection, String(id)))
    if (await isStillBlocked(database, migration, { hooks, signal })) continue
    const text = `update backsaas.migrations set state = 'ready' where id = $1 and state = 'blocked'`
    await migratorTransaction(database, (connection) => query(connection, text, [migration.id]))
    isAny = true
  }
  return isAny
}

async function isStillBlocked(
  database: Database,
  migration: MigrationRow,
  { hooks, signal }: Pick<Looking, 'hooks' | 'signal'>,
): Promise<boolean> {
  const { id, plan, step: index, phase, problem } = migration
  if (problem?.code === 'HOOK_FAILED') return isAnyHookFailing(database, migration, hooks, signal)
  if (await migratorTransaction(database, (connection) => isUnfitting(connection, migration))) return true
  if (phase === 'rollback') return false
  const step = plan.steps[index]
  if (!step) return false
  return migratorTransaction(database, async (connection) => {
    if (step.kind === 'backfill') return isAnyFailing(connection, step, { migrationId: id, stepIndex: index })
    const blockers = 'blockers' in step ? step.blockers : undefined
    return blockers !== undefined && isInTheWay(connection, blockers)
  })
}
