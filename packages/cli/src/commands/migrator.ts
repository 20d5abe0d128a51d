/** `backsaas migrator`: the process beside the servers that changes schemas and relays events. */
import { type Command, Option } from 'commander'
import { type CuratedOptions, withFunctions } from '../curated.ts'
import { LOG_FORMS } from '../dev/log-requests.ts'
import type { Io } from '../io.ts'
import { type MigrationHooksOptions, withMigrationHooks } from '../migration-hooks.ts'
import type { MigratorSettings } from '../migrator/run-migrator.ts'
import { asBusSettings, type BusOptions, withBus } from '../open-bus.ts'
import { readPort } from '../read-port.ts'

interface MigratorOptions extends BusOptions, CuratedOptions, MigrationHooksOptions {
  readonly database: string
  readonly directDatabase?: string
  readonly bootstrap: boolean
  readonly hooks: boolean
  readonly healthPort?: number
  readonly host: string
  readonly log: MigratorSettings['log']
  readonly json?: true
}

/** Adds the command to `program`. */
export function addMigrator(program: Command, io: Io): void {
  const command = program
    .command('migrator')
    .description(
      'Do what the servers may not: set the database up, publish schemas, relay events, do what hooks do after writes.',
    )
    .addOption(new Option('--database <url>', 'postgres://… of the owner').env('DATABASE_URL').makeOptionMandatory())
    .addOption(
      new Option('--direct-database <url>', "the server's own URL where --database is a pooler's").env(
        'DATABASE_DIRECT_URL',
      ),
    )
    .option('--no-bootstrap', 'leave the database as it is set up')
    .option('--no-hooks', 'leave the work of hooks after writes to `backsaas function work`')
    .addOption(
      new Option('--health-port <port>', 'where GET /healthz answers (default: nowhere)')
        .env('BACKSAAS_HEALTH_PORT')
        .argParser(readPort),
    )
    .addOption(new Option('--host <host>', 'the address of the health port').env('HOST').default('0.0.0.0'))
    .addOption(
      new Option('--log <form>', 'the form of the log')
        .env('BACKSAAS_LOG')
        .choices([...LOG_FORMS])
        .default(io.isTty ? 'text' : 'requests'),
    )
    .option('--json', 'log everything as lines of JSON')
    .addHelpText('after', HELP)
  withBus(withMigrationHooks(withFunctions(command)), 'NOTIFY of the database').action(
    async (options: MigratorOptions) => {
      const { runMigrator } = await import('../migrator/run-migrator.ts')
      await runMigrator(asSettings(options), io)
    },
  )
}

/** An empty variable is one that is not set. */
function asSettings(options: MigratorOptions): MigratorSettings {
  const { database, directDatabase, bootstrap, hooks, healthPort, host, log, json } = options
  return {
    databaseUrl: database,
    directUrl: directDatabase || null,
    bootstraps: bootstrap,
    functionsModule: options.functions ?? null,
    worksHooks: hooks,
    migrationHooksModule: options.migrationHooks || null,
    healthPort: healthPort ?? null,
    host,
    log: json ? 'json' : log,
    bus: asBusSettings(options),
  }
}

const HELP = `
Several may run: one relays at a time, jobs are shared. One that is killed is followed by another within its lease of
10 seconds (a job within 15), and nothing is lost or done twice. SIGTERM lets the jobs under way end.

Examples:
  DATABASE_URL=postgres://… backsaas migrator
  DATABASE_URL=postgres://… REDIS_URL=redis://… backsaas migrator --health-port 8788 --json`
