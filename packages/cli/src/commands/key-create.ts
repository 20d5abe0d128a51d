/** `backsaas key create TENANT`. */

import { type Command, InvalidArgumentError } from 'commander'
import type { Io } from '../io.ts'
import { type DatabaseOptions, useDatabase, withDatabase } from '../open-database.ts'

interface KeyOptions extends DatabaseOptions {
  readonly name: string
  readonly role?: readonly string[]
  readonly expires?: string
}

/** Adds the command to the group `key`. */
export function addKeyCreate(key: Command, io: Io): void {
  const command = key
    .command('create')
    .description('Create an API key. It is shown once: only its hash is kept.')
    .argument('<tenant>', "the tenant's slug")
    .option('--name <name>', 'what the key is for', 'cli')
    .option('--role <role...>', "its roles, of the tenant's schemas (default: admin)")
    .option('--expires <time>', 'when it ends, as an ISO 8601 time', timestamp)
    .addHelpText('after', HELP)
  withDatabase(command).action((tenant: string, options: KeyOptions) => create(tenant, options, io))
}

async function create(tenant: string, options: KeyOptions, io: Io): Promise<void> {
  const { name, role, expires } = options
  const { createKey } = await import('@backsaas/migrator')
  const created = await useDatabase(options.database, (database) =>
    createKey(database, {
      tenant,
      name,
      ...(role === undefined ? {} : { roles: [...role] }),
      ...(expires === undefined ? {} : { expiresAt: expires }),
    }),
  )
  io.out(options.json ? JSON.stringify(created) : created.key)
}

function timestamp(text: string): string {
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError('It is not an ISO 8601 time.')
  return time.toISOString()
}

const HELP = `
Examples:
  backsaas key create acme
  backsaas key create acme --name "nightly import" --expires 2030-01-01T00:00:00Z
  KEY=$(backsaas key create acme)`
