/** `backsaas function replay TENANT`: work of hooks that is dead, to be tried again. */
import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { type DatabaseOptions, withDatabase } from '../open-database.ts'
import { useFleet } from '../open-fleet.ts'

interface ReplayCommandOptions extends DatabaseOptions {
  readonly id?: string
  readonly in?: string
}

/** Adds the command to `program`. */
export function addFunctionReplay(program: Command, io: Io): void {
  const command = program
    .command('replay')
    .description('Queue executions again that have failed for good; receivers know each by the id that it had.')
    .argument('<tenant>', 'slug or id')
    .option('--id <execution>', 'one of them (default: all dead ones of the tenant)')
    .option(
      '--in <name>',
      'the database that the work is in, as BACKSAAS_DATABASES names it (default: that of the registry)',
    )
  withDatabase(command).action((tenant: string, options: ReplayCommandOptions) => replay(tenant, options, io))
}

async function replay(tenant: string, options: ReplayCommandOptions, io: Io): Promise<void> {
  const { databaseOf, replayExecutions } = await import('@backsaas/migrator')
  const asked = { tenant, ...(options.id !== undefined && { id: options.id }) }
  const count = await useFleet(options.database, io.env, (fleet) =>
    replayExecutions(databaseOf(fleet, options.in ?? null), { ...asked, registry: fleet.home }),
  )
  io.out(options.json ? JSON.stringify({ tenant, queued: count }) : `${count} queued again`)
}
