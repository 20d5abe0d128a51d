/** `backsaas function replay TENANT`: work of hooks that is dead, to be tried again. */
import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { type DatabaseOptions, useDatabase, withDatabase } from '../open-database.ts'

interface ReplayCommandOptions extends DatabaseOptions {
  readonly id?: string
}

/** Adds the command to `program`. */
export function addFunctionReplay(program: Command, io: Io): void {
  const command = program
    .command('replay')
    .description('Queue executions again that have failed for good; receivers know each by the id that it had.')
    .argument('<tenant>', 'slug or id')
    .option('--id <execution>', 'one of them (default: all dead ones of the tenant)')
  withDatabase(command).action((tenant: string, options: ReplayCommandOptions) => replay(tenant, options, io))
}

async function replay(tenant: string, options: ReplayCommandOptions, io: Io): Promise<void> {
  const { replayExecutions } = await import('@backsaas/migrator')
  const asked = { tenant, ...(options.id !== undefined && { id: options.id }) }
  const count = await useDatabase(options.database, (database) => replayExecutions(database, asked))
  io.out(options.json ? JSON.stringify({ tenant, queued: count }) : `${count} queued again`)
}
