/** `backsaas status [SCHEMA]`: how migrations stand. */

import type { MigrationStatus } from '@backsaas/migrator'
import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { type DatabaseOptions, useDatabase, withDatabase } from '../open-database.ts'

/** Adds the command to `program`. */
export function addStatus(program: Command, io: Io): void {
  const command = program
    .command('status')
    .description('Show how migrations stand, the newest first.')
    .argument('[schema]', 'those of one schema alone; owner/name of one owner’s')
  withDatabase(command).action((schema: string | undefined, options: DatabaseOptions) => status(schema, options, io))
}

async function status(schema: string | undefined, options: DatabaseOptions, io: Io): Promise<void> {
  const { migrationStatus } = await import('@backsaas/migrator')
  const which = schema === undefined ? {} : { schema }
  const found = await useDatabase(options.database, (database) => migrationStatus(database, which))
  if (options.json) io.out(JSON.stringify(found))
  else io.out(found.length === 0 ? 'there has been no migration' : found.flatMap(statusLines).join('\n'))
}

/** A migration for people, in a few lines. */
export function statusLines({
  schema,
  fromVersion,
  toVersion,
  phase,
  state,
  step,
  rows,
  problem,
  token,
}: MigrationStatus): string[] {
  const at = step.title === null ? '' : `, step ${step.number} of ${step.of}: ${step.title}`
  const done = phase === 'backfill' && rows.total > 0 ? ` (${rows.done} of ${rows.total} rows)` : ''
  return [
    `${schema} version ${fromVersion} to ${toVersion}: ${phase}, ${state}${at}${done}`,
    ...(problem ? [`  ${problem.code}: ${problem.message}`, ...(problem.hint ? [`  ${problem.hint}`] : [])] : []),
    ...(problem?.samples ?? []).map((sample) => `    ${JSON.stringify(sample)}`),
    ...(token !== null && phase !== 'done' && phase !== 'rolled_back' ? [`  token: ${token}`] : []),
  ]
}
