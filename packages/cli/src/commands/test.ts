/** `backsaas test`: who may do what, as a schema's tests state it, tried against the product. */

import { writeFileSync } from 'node:fs'
import { BackSaasError } from '@backsaas/core'
import { type Command, Option } from 'commander'
import { type CuratedOptions, curated, withFunctions } from '../curated.ts'
import type { Io } from '../io.ts'
import type { Preparation } from '../policy-tests/open-database.ts'
import type { RunResult } from '../policy-tests/result.ts'
import { reportError } from '../report-error.ts'

type Reporter = 'pretty' | 'junit' | 'json'

interface TestOptions extends CuratedOptions {
  readonly schema?: string
  readonly watch?: true
  readonly reporter: Reporter
  readonly output?: string
  readonly cache: boolean
  readonly json?: true
}

/** Adds the command to `program`. */
export function addTest(program: Command, io: Io): void {
  const reporter = new Option('--reporter <form>', 'how the result is told').choices(['pretty', 'junit', 'json'])
  const command = program
    .command('test')
    .description("Run policy tests: a schema's own `tests:`, and files *.test.yaml.")
    .argument('[files...]', 'schemas and files of tests (default: schema.yaml and the *.test.yaml beside it)')
    .option('--schema <file>', 'the schema that tests in files of their own are for')
    .option('--watch', 'run again whenever a file changes, until Ctrl-C')
    .addOption(reporter.default('pretty'))
    .option('--output <file>', 'where the result is written (default: standard output)')
    .option('--no-cache', 'prepare the database anew, and keep nothing')
    .option('--json', 'the same as --reporter json')
    .addHelpText('after', HELP)
  withFunctions(command).action((files: string[], options: TestOptions) => test(files, options, io))
}

async function test(files: readonly string[], options: TestOptions, io: Io): Promise<void> {
  const { createPreparation } = await import('../policy-tests/open-database.ts')
  const preparation = createPreparation(options.cache ? await openCache(io) : null, io.err)
  if (options.watch) return watch(files, options, preparation, io)
  const failed = await run(files, options, preparation, io)
  if (failed > 0)
    throw new BackSaasError(
      'TESTS_FAILED',
      400,
      failed === 1 ? '1 expectation failed' : `${failed} expectations failed`,
    )
}

/** @returns how many expectations failed. */
async function run(files: readonly string[], options: TestOptions, preparation: Preparation, io: Io): Promise<number> {
  const { findTestFiles } = await import('../policy-tests/find-files.ts')
  const { readSuites } = await import('../policy-tests/read-suites.ts')
  const { failuresOf } = await import('../policy-tests/result.ts')
  const { runSuites } = await import('../policy-tests/run-suites.ts')
  const { functions } = await curated(options)
  const result = await runSuites(readSuites(findTestFiles(files, options.schema), functions), preparation)
  await tell(result, options, io)
  return failuresOf(result)
}

async function watch(files: readonly string[], options: TestOptions, preparation: Preparation, io: Io): Promise<void> {
  const { findTestFiles } = await import('../policy-tests/find-files.ts')
  const { watchFiles } = await import('../policy-tests/watch-files.ts')
  const found = findTestFiles(files, options.schema)
  const watched = watchFiles([...found.schemas, ...found.tests.flatMap(({ file, schema }) => [file, schema])])
  let isOver = false
  const stopped = io.untilStopped().then(() => {
    isOver = true
  })
  try {
    while (!isOver) {
      await run(files, options, preparation, io).catch((error: unknown) =>
        reportError(error, io, options.json === true),
      )
      await Promise.race([watched.changed(), stopped])
    }
  } finally {
    watched.close()
  }
}

async function openCache(io: Io): Promise<import('../policy-tests/dump-cache.ts').DumpCache> {
  const { createDumpCache } = await import('../policy-tests/dump-cache.ts')
  return createDumpCache(io.env)
}

async function tell(result: RunResult, { reporter, json, output }: TestOptions, io: Io): Promise<void> {
  const { reportPretty } = await import('../policy-tests/report-pretty.ts')
  const form = json ? 'json' : reporter
  const text = await reportIn(form, result, io.isTty && output === undefined)
  if (output === undefined) return io.out(text)
  writeFile(output, `${text}\n`)
  // Who reads along still learns how it went.
  if (form !== 'pretty' && !json) io.out(reportPretty(result, io.isTty))
}

async function reportIn(form: Reporter, result: RunResult, isColoured: boolean): Promise<string> {
  switch (form) {
    case 'json':
      return (await import('../policy-tests/report-json.ts')).reportJson(result)
    case 'junit':
      return (await import('../policy-tests/report-junit.ts')).reportJunit(result)
    case 'pretty':
      return (await import('../policy-tests/report-pretty.ts')).reportPretty(result, isColoured)
  }
}

function writeFile(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new BackSaasError('FILE_UNWRITABLE', 400, `cannot write ${path}: ${reason}`, { cause })
  }
}

const HELP = `
Each expectation is tried by a request to the product, in memory, as the caller that it names, and undone. Nothing else is
needed: no server and no database.

Examples:
  backsaas test crm.yaml                                   the tests in the schema
  backsaas test crm.test.yaml --schema crm.yaml            a file of its own
  backsaas test                                            schema.yaml here, and every *.test.yaml beside it
  backsaas test crm.yaml --reporter junit --output report.xml
  backsaas test crm.yaml --watch`
