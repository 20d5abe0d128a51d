/** `backsaas key revoke TENANT PREFIX`. */

import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { type DatabaseOptions, useDatabase, withDatabase } from '../open-database.ts'

/** Adds the command to the group `key`. */
export function addKeyRevoke(key: Command, io: Io): void {
  const command = key
    .command('revoke')
    .description('End an API key. Servers refuse it within 10 seconds.')
    .argument('<tenant>', "the tenant's slug")
    .argument('<prefix>', "the key's prefix: the 12 characters behind the second underscore")
    .addHelpText('after', HELP)
  withDatabase(command).action((tenant: string, prefix: string, options: DatabaseOptions) =>
    revoke({ tenant, prefix }, options, io),
  )
}

async function revoke(
  key: { readonly tenant: string; readonly prefix: string },
  options: DatabaseOptions,
  io: Io,
): Promise<void> {
  const { revokeKey } = await import('@backsaas/migrator')
  const result = await useDatabase(options.database, (database) => revokeKey(database, key))
  const done = result.revoked ? 'is revoked' : 'was revoked already'
  io.out(options.json ? JSON.stringify(result) : `key ${key.prefix} of ${key.tenant} ${done}`)
}

const HELP = `
Examples:
  backsaas key revoke acme 4f0cba1e93d7
  backsaas key revoke acme 4f0cba1e93d7 --json`
