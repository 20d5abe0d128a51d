/** A way back that rows are in the way of: newer clients have written what the older version does not allow. */
import { BackSaasError, type Connection, type Database } from '@backsaas/core'
import type { Blockers } from '../plan/steps.ts'
import { describeBlockers, isInTheWay } from './describe-blockers.ts'
import { isLive, type MigrationRow } from './migration-row.ts'
import { migratorTransaction } from './migrator-transaction.ts'

/**
 * Asked before anything is done, while whoever has the newer version can correct the rows with it; and again at each step back, when
 * nobody writes them any more.
 *
 * @throws `ROLLBACK_BLOCKED` (409), with their number and some of them.
 */
export async function refuseUnfitting(database: Database, migration: MigrationRow): Promise<void> {
  for (const unfitting of inQuestion(migration)) {
    const found = await migratorTransaction(database, async (connection) =>
      (await isInTheWay(connection, unfitting))
        ? describeBlockers(connection, unfitting, { first: migration.ownerId })
        : null,
    )
    if (!found) continue
    const { code, message, hint, count, samples } = found
    throw new BackSaasError('ROLLBACK_BLOCKED', 409, message, {
      hint: hint ?? null,
      details: { code, count, samples: samples ?? [] },
    })
  }
}

/** Reads up to the first one. */
export async function isUnfitting(connection: Connection, migration: MigrationRow): Promise<boolean> {
  for (const unfitting of inQuestion(migration)) if (await isInTheWay(connection, unfitting)) return true
  return false
}

/** While the new version serves, all that is to be undone; on the way back what is undone next. Before that nobody writes such rows. */
function inQuestion(migration: MigrationRow): Blockers[] {
  const { plan, step, phase } = migration
  if (phase !== 'rollback' && !isLive(migration)) return []
  const steps = phase === 'rollback' ? plan.steps.slice(step, step + 1) : plan.steps.slice(0, step)
  return steps.flatMap((one) => ('unfitting' in one && one.unfitting ? [one.unfitting] : []))
}
