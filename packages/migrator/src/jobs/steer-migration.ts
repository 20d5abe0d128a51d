/** `continue_migration` and `rollback_migration`: what the migrator process is to do with a migration of the tenant's own schema. */
import { BackSaasError, type MigrationArguments } from '@backsaas/core'
import { type MigrationRow, pickOpen, readMigration, readMigrations } from '../execute/migration-row.ts'
import { statusOf } from '../execute/migration-status.ts'
import { refuseRollback } from '../execute/refuse-rollback.ts'
import { refuseOver, refuseUnconfirmed } from '../execute/run-migration.ts'
import { refuseReturning } from '../stores/refuse-returning.ts'
import type { Act, ActContext, ActDone } from './act.ts'

/** It is asked again of what stood in its way; `contract` goes to the end. */
export const continueMigration: Act<'continue_migration'> = async (input, context) => {
  const contract = input.contract === true
  const migration = await findMigration(input, context, contract ? 'oldest' : 'newest')
  refuseOver(migration)
  await refuseReturning(context.connection, context.platform, migration.schemaId)
  const retire = migration.plan.steps.find(({ kind }) => kind === 'retire')
  const next = contract ? retire : migration.plan.steps[migration.step]
  if (next) refuseUnconfirmed(migration, next, input.confirm === undefined ? {} : { token: input.confirm })
  return steer(migration, contract ? 'done' : 'live', context, input.confirm ?? null, input.now === true)
}

export const rollbackMigration: Act<'rollback_migration'> = async (input, context) => {
  const migration = await findMigration(input, context)
  await refuseRollback(context.connection, context.platform, migration)
  return steer(migration, 'rolled_back', context, null, false)
}

/**
 * Only the row says it: whoever runs the migration now finds it there before its next step. What was waited for is no matter of
 * what is wanted instead.
 */
async function steer(
  migration: MigrationRow,
  wanted: 'live' | 'done' | 'rolled_back',
  { connection }: ActContext,
  confirmed: string | null,
  hurried: boolean,
): Promise<ActDone> {
  await connection.batch([
    {
      text: `update backsaas.migrations set wanted = $2, confirmed = coalesce($3, confirmed), hurried = $4::boolean,
               problem = case when state = 'waiting' and wanted is distinct from $2 then null else problem end,
               state = case when state in ('blocked', 'failed') or (state = 'waiting' and wanted is distinct from $2)
                 then 'ready' else state end where id = $1`,
      params: [migration.id, wanted, confirmed, String(hurried)],
      prepare: false,
    },
  ])
  const { id, schema, fromVersion, toVersion, phase } = statusOf(migration)
  return {
    result: { migration_id: id, schema, from_version: fromVersion, to_version: toVersion, phase, wanted },
  }
}

/** Of several of a schema the one whose contract comes first, or the newest. @throws `MIGRATION_UNKNOWN`, `MIGRATION_NONE` (404): those of other tenants are not there. */
async function findMigration(
  { migration, schema }: MigrationArguments,
  { connection, tenant }: ActContext,
  which: 'oldest' | 'newest' = 'newest',
): Promise<MigrationRow> {
  if (migration !== undefined) {
    const row = await readMigration(connection, migration)
    if (row.ownerId === tenant.id) return row
    throw new BackSaasError('MIGRATION_UNKNOWN', 404, `there is no migration ${migration}`)
  }
  const name = schema?.split('/').at(-1) ?? ''
  const rows = await readMigrations(connection, name)
  const own = rows.filter(({ ownerId }) => ownerId === tenant.id)
  const open = pickOpen(own, which)
  if (open) return open
  throw new BackSaasError('MIGRATION_NONE', 404, `no migration of ${name} is under way`, {
    hint: 'The rows of `migrations` are those that there were.',
  })
}
