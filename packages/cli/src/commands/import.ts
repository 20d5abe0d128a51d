/** `backsaas import FILE|DIR`: rows from files into a tenant, through its API. */

import { basename } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Io } from '../io.ts'
import type { ImportResult } from '../transfer/import-files.ts'
import { type RestAccessOptions, withRestAccess } from '../transfer/rest-access.ts'

interface ImportOptions extends RestAccessOptions {
  readonly entity?: string
  readonly map: readonly string[]
  readonly batch: number
  readonly parallel: number
  readonly existing: 'update' | 'keep'
  readonly report?: string
  readonly resume: boolean
  readonly unguard: boolean
  readonly json?: true
}

/** Adds the command to `program`. */
export function addImport(program: Command, io: Io): void {
  const existing = new Option('--existing <what>', 'what happens to a row whose key is there already')
  const command = program
    .command('import')
    .description('Import JSON, NDJSON or CSV files into a tenant through its API. It may be repeated: keys decide.')
    .argument('<path>', 'a file, or a folder of files named after entities')
  withRestAccess(command)
    .option('--entity <name>', 'the entity the rows go to; of a file with several entities, the only one to read')
    .option('--map <source=target>', 'what a name in the file means (repeatable)', collect, [])
    .option('--batch <rows>', 'rows of one request', count, 500)
    .option('--parallel <requests>', 'requests on the way at once', count, 4)
    .addOption(existing.choices(['update', 'keep']).default('update'))
    .option('--report <file>', 'where refused rows are put down (default: <path>.refused.ndjson, here)')
    .option('--no-unguard', "keep the apostrophe of CSV texts such as '+55, with which exports guard spreadsheets")
    .option('--no-resume', 'begin anew where an earlier run was interrupted')
    .option('--json', 'answer in JSON')
    .addHelpText('after', HELP)
    .action((path: string, options: ImportOptions) => importPath(path, options, io))
}

async function importPath(path: string, options: ImportOptions, io: Io): Promise<void> {
  const { findFiles } = await import('../transfer/find-files.ts')
  const { importFiles, refuseIncomplete } = await import('../transfer/import-files.ts')
  const { readNameMap } = await import('../transfer/name-map.ts')
  const { openRest, readSchema } = await import('../transfer/rest-access.ts')
  const { createProgressDisplay } = await import('../transfer/show-progress.ts')
  const files = findFiles(path)
  const display = createProgressDisplay(
    io,
    files.reduce((sum, file) => sum + file.size, 0),
  )
  let stopped = false
  void io.untilStopped().then(() => {
    stopped = true
  })
  const startMs = performance.now()
  try {
    const result = await importFiles({
      client: openRest(options, (line) => io.err(`backsaas: ${line}`)),
      files,
      entity: options.entity ?? null,
      names: readNameMap(options.map),
      schema: await readSchema(options),
      existing: options.existing,
      unguard: options.unguard,
      batchRows: options.batch,
      parallel: options.parallel,
      reportPath: options.report ?? `${basename(path)}.refused.ndjson`,
      resume: options.resume,
      stopped: () => stopped,
      onProgress: display.show,
    })
    display.stop()
    show(result, Math.round(performance.now() - startMs), options, io)
    refuseIncomplete(result)
  } finally {
    display.stop()
  }
}

function show(result: ImportResult, durationMs: number, { json }: ImportOptions, io: Io): void {
  if (json) {
    io.out(JSON.stringify({ ...result, durationMs }))
    return
  }
  const names = Object.keys(result.entities)
  const width = Math.max(0, ...names.map((name) => name.length))
  for (const [name, { written, refused }] of Object.entries(result.entities))
    io.out(`${name.padEnd(width)}  ${written} rows${refused > 0 ? `, ${refused} refused` : ''}`)
  if (result.resumed > 0) io.out(`${result.resumed} rows were in from an earlier run`)
  for (const [entity, fields] of Object.entries(result.leftOut))
    io.err(`${entity}: left out ${fields.join(', ')}, which the platform writes`)
  io.out(`${result.written} rows in ${(durationMs / 1000).toFixed(1)} s`)
}

function collect(entry: string, before: readonly string[]): readonly string[] {
  return [...before, entry]
}

function count(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= 10_000) return number
  throw new InvalidArgumentError('It is no number from 1 to 10000.')
}

const HELP = `
A JSON file holds an array of rows, or an object of entity → rows; NDJSON one row a line; CSV a header line. Names are
matched as they are or in snake_case and plural: InvoiceLine is invoice_lines, GenreId is genre_id. Rows that refer to
rows not yet there wait for them. Refused rows are put down in a report, and the command ends with 1. An import that
was interrupted goes on where it stopped when it is run again.

Examples:
  backsaas import chinook.json --url http://127.0.0.1:8787/t/acme/rest/v1 --key bsk_…
  backsaas import people.csv --entity contacts --map people.mail=email --map people.note=
  backsaas import dump/ --schema crm.yaml --report refused.ndjson --json`
