/** The `backsaas` command line: its commands, and how they end. */
import { fileURLToPath } from 'node:url'
import { BackSaasError } from '@backsaas/core'
import { Command, CommanderError } from 'commander'
import { addAuditVerify } from './commands/audit-verify.ts'
import { addDev } from './commands/dev.ts'
import { addDiff } from './commands/diff.ts'
import { addEvents } from './commands/events.ts'
import { addExport } from './commands/export.ts'
import { addFunctionReplay } from './commands/function-replay.ts'
import { addFunctionWork } from './commands/function-work.ts'
import { addImport } from './commands/import.ts'
import { addInstall } from './commands/install.ts'
import { addIntrospect } from './commands/introspect.ts'
import { addKeyCreate } from './commands/key-create.ts'
import { addKeyRevoke } from './commands/key-revoke.ts'
import { addMigrate } from './commands/migrate.ts'
import { addMigrator } from './commands/migrator.ts'
import { addParked } from './commands/parked.ts'
import { addPin } from './commands/pin.ts'
import { addPlan } from './commands/plan.ts'
import { addPublish } from './commands/publish.ts'
import { addRollback } from './commands/rollback.ts'
import { addRollout } from './commands/rollout.ts'
import { addSchemas } from './commands/schemas.ts'
import { addSecretSet } from './commands/secret-set.ts'
import { addServe } from './commands/serve.ts'
import { addStatus } from './commands/status.ts'
import { addStore } from './commands/store.ts'
import { addTenantCreate } from './commands/tenant-create.ts'
import { addTest } from './commands/test.ts'
import { addUninstall } from './commands/uninstall.ts'
import { addValidate } from './commands/validate.ts'
import type { Io } from './io.ts'
import { readText } from './read-text.ts'
import { reportError } from './report-error.ts'

/** Exit codes: done; it failed; it was called wrongly. */
export const EXIT = { ok: 0, failure: 1, usage: 2 } as const

/**
 * Runs one command line.
 *
 * @returns the exit code: 0 done, 1 failed, 2 called wrongly. It never throws: what went wrong is on standard error.
 * @example process.exitCode = await run(['validate', 'crm.yaml'], processIo(process))
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const asJson = args.includes('--json')
  try {
    await createProgram(io, asJson).parseAsync([...args], { from: 'user' })
    return EXIT.ok
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      reportError(error, io, asJson)
      return EXIT.failure
    }
    if (error.exitCode === 0) return EXIT.ok
    // For people the help text says it already.
    if (asJson || error.code !== HELP_SHOWN) reportError(asUsageError(error), io, asJson)
    return EXIT.usage
  }
}

/** How commander ends where a group is called without a command of it. */
const HELP_SHOWN = 'commander.help'

function asUsageError({ code, message }: CommanderError): BackSaasError {
  if (code === HELP_SHOWN) return new BackSaasError('USAGE', 400, 'a command is missing', { hint: 'see --help' })
  const [said = '', ...suggestion] = message.split('\n')
  const hint = suggestion.join(' ').replace(/^\((.*)\)$/, '$1') || null
  return new BackSaasError('USAGE', 400, said.replace(/^error: /, ''), { hint })
}

function createProgram(io: Io, asJson: boolean): Command {
  const program = new Command('backsaas')
    .description('A schema in YAML becomes an isolated multi-tenant API over Postgres.')
    .version(ownVersion())
    // `--version` behind a command is that command's.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => {
        if (!asJson) io.err(text.trimEnd())
      },
      // Told by `run`, as every error is.
      outputError: () => {},
    })
    .showSuggestionAfterError()
    .addHelpText('after', HELP)
  addDev(program, io)
  addServe(program, io)
  addMigrator(program, io)
  addValidate(program, io)
  addTest(program, io)
  addParked(program, io)
  addPlan(program, io)
  addMigrate(program, io)
  addPublish(program, io)
  addSchemas(program, io)
  addDiff(program, io)
  addInstall(program, io)
  addUninstall(program, io)
  addPin(program, io)
  addEvents(program, io)
  addStatus(program, io)
  addRollback(program, io)
  addRollout(group(program, 'rollout', 'A version to its tenants in waves, and back where it does not hold.'), io)
  addStore(group(program, 'store', "Stores: where tenants' rows are."), io)
  addTenantCreate(group(program, 'tenant', 'Tenants: who data belongs to.'), io)
  const key = group(program, 'key', 'API keys of a tenant.')
  addKeyCreate(key, io)
  addKeyRevoke(key, io)
  addSecretSet(group(program, 'secret', "Secrets of a tenant's functions."), io)
  const work = group(program, 'function', 'What functions do after writes.')
  addFunctionWork(work, io)
  addFunctionReplay(work, io)
  addAuditVerify(group(program, 'audit', 'The log of administrative acts.'), io)
  addImport(program, io)
  addExport(program, io)
  addIntrospect(program, io)
  return program
}

function ownVersion(): string {
  // The package's own file: its shape is known.
  return (JSON.parse(readText(fileURLToPath(new URL('../package.json', import.meta.url)))) as { version: string })
    .version
}

function group(program: Command, name: string, description: string): Command {
  return program.command(name).description(description)
}

const HELP = `
Examples:
  backsaas dev                                  serve the example schema to two tenants, without a database server
  backsaas serve                                serve the tenants of DATABASE_URL, in production
  backsaas migrator                             beside it: publish schemas, relay events
  backsaas validate crm.yaml                    every problem of a schema, with line and column
  backsaas test crm.yaml                        who may do what, as the schema's tests state it
  backsaas plan crm.yaml                        what putting it into the database would do
  backsaas migrate crm.yaml                     put a schema into the database of DATABASE_URL
  backsaas publish crm.yaml --url … --key …     a tenant's own schema, through its API
  backsaas diff crm@3 crm.yaml                  what changed, and what each change would mean
  backsaas tenant create acme --schema crm      a tenant that has that schema
  backsaas key create acme                      a key for its API
  backsaas import rows.json --url … --key …     rows from JSON, NDJSON or CSV into a tenant
  backsaas introspect postgres://…              a schema from a database that is there already

Exit codes: 0 done, 1 failed, 2 called wrongly.`
