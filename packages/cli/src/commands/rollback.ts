/** `backsaas rollback SCHEMA`: takes the migration of a schema back that is not over. */

import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { type MigrationHooksOptions, migrationHooks, withMigrationHooks } from '../migration-hooks.ts'
import { type DatabaseOptions, withDatabase } from '../open-database.ts'
import { useFleet } from '../open-fleet.ts'
import { deliveryTeller, untilDelivered, whileReturning, withDeliverers } from '../stores/deliver.ts'
import { reportProgress } from './report-progress.ts'

interface RollbackOptions extends DatabaseOptions, MigrationHooksOptions {}

/** Adds the command to `program`. */
export function addRollback(program: Command, io: Io): void {
  const command = program
    .command('rollback')
    .description('Take the migration of a schema back: possible until its contract has begun.')
    .argument('<schema>', 'its name, or owner/name')
    .addHelpText('after', HELP)
  withDatabase(withMigrationHooks(command)).action((schema: string, options: RollbackOptions) =>
    rollback(schema, options, io),
  )
}

async function rollback(schema: string, options: RollbackOptions, io: Io): Promise<void> {
  const { openMigrationOf, rollbackMigration } = await import('@backsaas/migrator')
  const asJson = options.json === true
  const hooks = await migrationHooks(options.migrationHooks)
  const row = await useFleet(options.database, io.env, async (fleet) => {
    const { id, schemaId } = await openMigrationOf(fleet.home, schema)
    const tell = deliveryTeller(io, asJson)
    return withDeliverers(fleet, schemaId, { hooks }, async () => {
      // Other stores go first.
      const back = await whileReturning(fleet, schemaId, tell, () =>
        rollbackMigration(fleet.home, id, { hooks, progress: reportProgress(io, asJson) }),
      )
      await untilDelivered(fleet, { schemaId, version: back.toVersion, called: schema }, ['rolled_back'], tell)
      return back
    })
  })
  const { id, fromVersion, toVersion, phase } = row
  if (asJson) io.out(JSON.stringify({ id, schema, fromVersion, toVersion, phase }))
  else io.out(`${schema} is at version ${fromVersion} again; version ${toVersion} was taken back`)
}

const HELP = `
Examples:
  backsaas rollback crm
  backsaas rollback crm --migration-hooks ./hooks.mjs`
