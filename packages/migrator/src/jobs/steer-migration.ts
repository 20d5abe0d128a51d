/** `continue_migration` and `rollback_migration`: what the migrator process is to do with a migration of the tenant's own schema. */
import { BackSaasError, type MigrationArguments } from '@backsaas/core'
import { type MigrationRow, pickOpen, readMigration, readMigrations } from '../execute/migration-row.ts'
import { statusOf } from '../execute/migration-status.ts'
import { refuseRollback } from '../execute/refuse-rollback.ts'
import { refuseOver, refuseUnconfirmed } from '../execute/run-migration.ts'
import { isContracting, withdrawContracts } from '../execute/withdrawn-contract.ts'
import { openDeliveries } from '../stores/delivery-row.ts'
import { refuseReturning } from '../stores/refuse-returning.ts'
import type { Act, ActContext, ActDone } from './act.ts'

/**
 * It is asked again of what stood in its way; `contract` goes to the end. Other stores are tried again as well (`finishBeyond`): those of a
 * version that is there already in the default one, too.
 */
export const continueMigration: Act<'continue_migration'> = async (input, context) => {
  const contract = input.contract === true
  const migration = await findMigration(input, context, contract ? 'oldest' : 'newest')
  if (!migration) return retryStores(input, context)
  refuseOver(migration)
  await refuseReturning(context.connection, context.platform, migration.schemaId)
  const retire = migration.plan.steps.find(({ kind }) => kind === 'retire')
  const hasBegun = isContracting(migration)
  const next = contract ? retire : migration.plan.steps[migration.step]
  // Who has a contract withdrawn loses nothing.
  if (next && (contract || hasBegun || next !== retire))
    refuseUnconfirmed(migration, next, input.confirm === undefined ? {} : { token: input.confirm })
  const wanted = contract || hasBegun ? 'done' : 'live'
  return steer(migration, wanted, context, input.confirm ?? null, input.now === true)
}

export const rollbackMigration: Act<'rollback_migration'> = async (input, context) => {
  const migration = await findMigration(input, context)
  if (!migration) throw none(input)
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
    withdrawContracts(migration.id),
  ])
  const { id, schema, fromVersion, toVersion, phase } = statusOf(await readMigration(connection, migration.id))
  const { schemaId } = migration
  const versions = { from_version: fromVersion, to_version: toVersion }
  return { result: { migration_id: id, schema, schema_id: schemaId, ...versions, phase, wanted } }
}

/** @throws `MIGRATION_NONE` (404) where no version is on its way to any store either. */
async function retryStores(input: MigrationArguments, { connection, platform, tenant }: ActContext): Promise<ActDone> {
  const name = nameOf(input)
  const deliveries = await openDeliveries(connection, platform)
  const own = deliveries.find(({ ownerId, schema }) => ownerId === tenant.id && schema === name)
  if (!own) throw none(input)
  const { schema, schemaId, version, state } = own
  const wanted = state === 'returning' ? 'rolled_back' : 'live'
  const versions = { from_version: null, to_version: version }
  return { result: { migration_id: null, schema, schema_id: schemaId, ...versions, phase: null, wanted } }
}

function nameOf({ schema }: MigrationArguments): string {
  return schema?.split('/').at(-1) ?? ''
}

function none(input: MigrationArguments): BackSaasError {
  return new BackSaasError('MIGRATION_NONE', 404, `no migration of ${nameOf(input)} is under way`, {
    hint: 'The rows of `migrations` are those that there were.',
  })
}

/**
 * Of several of a schema the one whose contract comes first, or the newest; null where none is open.
 *
 * @throws `MIGRATION_UNKNOWN` (404): those of other tenants are not there.
 */
async function findMigration(
  input: MigrationArguments,
  { connection, tenant }: ActContext,
  which: 'oldest' | 'newest' = 'newest',
): Promise<MigrationRow | null> {
  const { migration } = input
  if (migration !== undefined) {
    const row = await readMigration(connection, migration)
    if (row.ownerId === tenant.id) return row
    throw new BackSaasError('MIGRATION_UNKNOWN', 404, `there is no migration ${migration}`)
  }
  const rows = await readMigrations(connection, nameOf(input))
  const own = rows.filter(({ ownerId }) => ownerId === tenant.id)
  return pickOpen(own, which) ?? null
}
