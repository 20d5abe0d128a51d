/** How a migration stands, without its plan: what is shown while it runs. */
import type { Database } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { findOwned, nameOrId } from '../registry/find-owned.ts'
import {
  type MigrationPhase,
  type MigrationProblem,
  type MigrationRow,
  type MigrationState,
  pickOpen,
  readMigration,
  readMigrations,
} from './migration-row.ts'
import { migratorTransaction } from './migrator-transaction.ts'

export interface MigrationStatus {
  readonly id: string
  readonly schema: string
  readonly fromVersion: number
  readonly toVersion: number
  readonly phase: MigrationPhase
  readonly state: MigrationState
  /** The step that is next, its place among all, and how many there are; `title` null at the end. */
  readonly step: { readonly number: number; readonly of: number; readonly title: string | null }
  readonly rows: { readonly done: number; readonly total: number }
  readonly problem: MigrationProblem | null
  /** To be given before a step that loses data; null where none does. */
  readonly token: string | null
}

export function statusOf(row: MigrationRow): MigrationStatus {
  const { id, schema, fromVersion, toVersion, phase, state, plan, problem } = row
  const destructive = plan.steps.some((step) => step.destructive)
  const next = plan.steps[row.step]
  return {
    id,
    schema,
    fromVersion,
    toVersion,
    phase,
    state,
    step: { number: row.step + 1, of: plan.steps.length, title: state === 'ended' ? null : (next?.title ?? null) },
    rows: { done: row.rowsDone, total: row.rowsTotal },
    problem,
    token: destructive ? plan.token : null,
  }
}

/**
 * Every migration, or those of one schema, the newest first; of a name alone those of all owners.
 *
 * @throws `NOT_BOOTSTRAPPED` (503); `SCHEMA_UNKNOWN` (404) of an owner's that is not there.
 * @example await migrationStatus(database, { schema: 'crm' })
 */
export async function migrationStatus(
  database: Database,
  which: { readonly schema?: string } = {},
): Promise<readonly MigrationStatus[]> {
  const rows = await migratorTransaction(database, async (connection) =>
    readMigrations(connection, await nameOrId(connection, which.schema ?? null)),
  )
  return rows.map(statusOf)
}

/**
 * The migration of a schema that is not over: of several the newest, which is the one that is on its way or may be taken back.
 *
 * @param schema its name, or `owner/name`. @param which `oldest`: the one whose contract comes first.
 * @throws `MIGRATION_NONE` (404); `SCHEMA_AMBIGUOUS` (409).
 */
export async function openMigrationOf(
  database: Database,
  schema: string,
  which: 'oldest' | 'newest' = 'newest',
): Promise<MigrationRow> {
  const rows = await migratorTransaction(database, async (connection) => {
    const own = await findOwned(connection, schema)
    return own ? readMigrations(connection, own.schemaId) : []
  })
  const open = pickOpen(rows, which)
  if (open) return open
  throw new BackSaasError('MIGRATION_NONE', 404, `no migration of ${schema} is under way`, {
    hint: '`backsaas status` lists those that were',
  })
}

/** The migration itself, with its plan. */
export function migrationById(database: Database, id: string): Promise<MigrationRow> {
  return migratorTransaction(database, (connection) => readMigration(connection, id))
}
