/** `backsaas plan FILE`: what publishing a schema would do, without doing it. */

import type { Command } from 'commander'
import { type CuratedOptions, curated, withFunctions } from '../curated.ts'
import { decide } from '../decide.ts'
import type { Io } from '../io.ts'
import { type DatabaseOptions, useDatabase, withDatabase } from '../open-database.ts'
import { readText } from '../read-text.ts'

interface PlanOptions extends DatabaseOptions, CuratedOptions {
  readonly owner?: string
  readonly sql?: true
}

/** Adds the command to `program`. */
export function addPlan(program: Command, io: Io): void {
  const command = program
    .command('plan')
    .description(
      'Show what `migrate` would do: changes, steps with their SQL and locks, and what in the data is in the way.',
    )
    .argument('<file>', 'YAML or JSON')
    .option('--owner <tenant>', 'the tenant that owns the schema (default: the platform itself)')
    .option('--sql', 'as a script of SQL alone: for a linter, and not to be run')
    .addHelpText('after', HELP)
  withDatabase(withFunctions(command)).action((file: string, options: PlanOptions) => plan(file, options, io))
}

async function plan(file: string, options: PlanOptions, io: Io): Promise<void> {
  const text = readText(file)
  const { describePlan, planSchema, planSql } = await import('@backsaas/migrator')
  const { functions } = await curated(options)
  const settings = { decide, functions, ...(options.owner !== undefined && { owner: options.owner }) }
  const found = await useDatabase(options.database, (database) => planSchema(database, text, settings))
  if (options.sql) io.out(planSql(found).trimEnd())
  else io.out(options.json ? JSON.stringify(found) : describePlan(found).join('\n'))
}

const HELP = `
Examples:
  backsaas plan crm.yaml
  backsaas plan crm.yaml --sql | npx squawk-cli
  backsaas plan crm.yaml --json | jq '.plan.steps[].statements'`
