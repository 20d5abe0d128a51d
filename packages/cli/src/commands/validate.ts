/** `backsaas validate FILE`: every problem of a schema document, before anything is done with it. */

import { compileSchema } from '@backsaas/core/language'
import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { readText } from '../read-text.ts'

/** Adds the command to `program`. */
export function addValidate(program: Command, io: Io): void {
  program
    .command('validate')
    .description('Check a schema file and show every problem with its line and column.')
    .argument('<file>', 'YAML or JSON')
    .option('--json', 'answer in JSON')
    .addHelpText('after', HELP)
    .action((file: string, options: { json?: true }) => validate(file, options.json === true, io))
}

function validate(file: string, asJson: boolean, io: Io): void {
  const { name, hash, entities } = compileSchema(readText(file))
  const names = Object.keys(entities)
  if (asJson) io.out(JSON.stringify({ schema: name, hash, entities: names }))
  else io.out(`${name} is valid: ${names.length === 1 ? '1 entity' : `${names.length} entities`} (${names.join(', ')})`)
}

const HELP = `
Examples:
  backsaas validate crm.yaml
  backsaas validate crm.yaml --json | jq .hash`
