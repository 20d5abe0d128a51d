/** `backsaas validate FILE`: every problem of a schema document, before anything is done with it. */

import { compileSchema } from '@backsaas/core/language'
import type { Command } from 'commander'
import { type CuratedOptions, curated, withFunctions } from '../curated.ts'
import type { Io } from '../io.ts'
import { readText } from '../read-text.ts'

interface ValidateOptions extends CuratedOptions {
  readonly json?: true
}

/** Adds the command to `program`. */
export function addValidate(program: Command, io: Io): void {
  const command = program
    .command('validate')
    .description('Check a schema file and show every problem with its line and column.')
    .argument('<file>', 'YAML or JSON')
    .option('--json', 'answer in JSON')
    .addHelpText('after', HELP)
  withFunctions(command).action((file: string, options: ValidateOptions) => validate(file, options, io))
}

async function validate(file: string, options: ValidateOptions, io: Io): Promise<void> {
  const text = readText(file)
  const { functions } = await curated(options)
  const { name, hash, entities } = compileSchema(text, { functions })
  const names = Object.keys(entities)
  if (options.json) io.out(JSON.stringify({ schema: name, hash, entities: names }))
  else io.out(`${name} is valid: ${names.length === 1 ? '1 entity' : `${names.length} entities`} (${names.join(', ')})`)
}

const HELP = `
Examples:
  backsaas validate crm.yaml
  backsaas validate crm.yaml --json | jq .hash`
