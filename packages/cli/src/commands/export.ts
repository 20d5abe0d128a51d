/** `backsaas export`: a tenant's rows into files, through its API. */

import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Io } from '../io.ts'
import type { ExportFormat } from '../transfer/export-entities.ts'
import { type RestAccessOptions, withRestAccess } from '../transfer/rest-access.ts'

interface ExportOptions extends RestAccessOptions {
  readonly entity: readonly string[]
  readonly format: ExportFormat
  readonly out: string
  readonly page: number
  readonly json?: true
}

/** Adds the command to `program`. */
export function addExport(program: Command, io: Io): void {
  const format = new Option('--format <format>', 'csv is for people and spreadsheets; the others come back unchanged')
  const command = program.command('export').description("Export a tenant's rows through its API.")
  withRestAccess(command)
    .option(
      '--entity <name>',
      'an entity, with NAME:FIELD,FIELD its key (repeatable; default: all of --schema)',
      collect,
      [],
    )
    .addOption(format.choices(['json', 'ndjson', 'csv']).default('ndjson'))
    .option('--out <dir>', 'a folder for a file of each entity, or - for standard output', '-')
    .option('--page <rows>', 'rows of one request', rows, 1000)
    .option('--json', 'answer in JSON (with --out DIR)')
    .addHelpText('after', HELP)
    .action((options: ExportOptions) => exportAll(options, io))
}

async function exportAll(options: ExportOptions, io: Io): Promise<void> {
  const { exportEntities } = await import('../transfer/export-entities.ts')
  const { exportKeys } = await import('../transfer/export-keys.ts')
  const { openRest, readSchema } = await import('../transfer/rest-access.ts')
  const folder = options.out === '-' ? null : options.out
  const exported = await exportEntities({
    client: openRest(options),
    entities: exportKeys(options.entity, await readSchema(options)),
    format: options.format,
    folder,
    pageRows: options.page,
    writeLine: io.out,
  })
  if (folder === null) return
  if (options.json) io.out(JSON.stringify({ out: folder, format: options.format, entities: exported }))
  else for (const [entity, count] of Object.entries(exported)) io.out(`${entity}  ${count} rows`)
}

function collect(entry: string, before: readonly string[]): readonly string[] {
  return [...before, entry]
}

function rows(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= 100_000) return number
  throw new InvalidArgumentError('It is no number from 1 to 100000.')
}

const HELP = `
Rows are read in the order of the key, page by page: what is written meanwhile may be in it or not, but nothing else is
left out or doubled. The key is that of --schema, or what --entity says, or id.

Examples:
  backsaas export --schema crm.yaml --out dump --url http://127.0.0.1:8787/t/acme/rest/v1 --key bsk_…
  backsaas export --entity contacts --format csv > contacts.csv
  backsaas export --entity order_lines:order_number,product_code`
