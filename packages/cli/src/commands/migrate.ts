/** `backsaas migrate FILE`: a schema into a database, which is prepared for BackSaaS where it is not yet. */

import type { Migrated } from '@backsaas/migrator'
import type { Command } from 'commander'
import { type CuratedOptions, curated, withFunctions } from '../curated.ts'
import { decide } from '../decide.ts'
import type { Io } from '../io.ts'
import { type DatabaseOptions, useDatabase, withDatabase } from '../open-database.ts'
import { readText } from '../read-text.ts'

interface MigrateOptions extends DatabaseOptions, CuratedOptions {
  readonly owner?: string
}

/** Adds the command to `program`. */
export function addMigrate(program: Command, io: Io): void {
  const command = program
    .command('migrate')
    .description('Put a schema into the database: a new one, or a compatible new version of one that is there.')
    .argument('<file>', 'YAML or JSON')
    .option('--owner <tenant>', 'the tenant that owns the schema (default: the platform itself)')
    .addHelpText('after', HELP)
  withDatabase(withFunctions(command)).action((file: string, options: MigrateOptions) => migrateFile(file, options, io))
}

async function migrateFile(file: string, options: MigrateOptions, io: Io): Promise<void> {
  const text = readText(file)
  const { migrate } = await import('@backsaas/migrator')
  const { functions } = await curated(options)
  const settings = { decide, functions, ...(options.owner !== undefined && { owner: options.owner }) }
  const result = await useDatabase(options.database, (database) => migrate(database, text, settings))
  io.out(options.json ? JSON.stringify(result) : summary(result))
}

function summary({ schema, version, hash, created, newest }: Migrated): string {
  const done = created ? 'is live' : 'was live already'
  const beside = newest === version ? '' : `, beside version ${newest}, which tenants have: nothing was changed`
  return `${schema} version ${version} ${done} (${hash})${beside}`
}

const HELP = `
Examples:
  backsaas migrate crm.yaml
  backsaas migrate crm.yaml --database postgres://postgres@127.0.0.1:5432/app
  backsaas migrate crm.yaml --database pglite:.backsaas`
