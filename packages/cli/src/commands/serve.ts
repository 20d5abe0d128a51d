/** `backsaas serve`: the runtime as a server of its own, for production. */
import { type Command, Option } from 'commander'
import { type CuratedOptions, withFunctions } from '../curated.ts'
import { LOG_FORMS } from '../dev/log-requests.ts'
import type { Io } from '../io.ts'
import { asBusSettings, type BusOptions, withBus } from '../open-bus.ts'
import { readPort } from '../read-port.ts'
import type { ServeSettings } from '../serve/run-serve.ts'

interface ServeOptions extends BusOptions, CuratedOptions {
  readonly port: number
  readonly host: string
  readonly database: string
  readonly directDatabase?: string
  readonly serveAs: ServeSettings['serveAs']
  readonly hostSuffix?: string
  readonly log: ServeSettings['log']
}

/** Adds the command to `program`. */
export function addServe(program: Command, io: Io): void {
  const command = program
    .command('serve')
    .description('Serve the tenants of a Postgres: what a server or container runs, as many of them as needed.')
    .addOption(new Option('--port <port>', 'where to listen').env('PORT').default(8787).argParser(readPort))
    .addOption(new Option('--host <host>', 'the address to listen on').env('HOST').default('0.0.0.0'))
    .addOption(new Option('--database <url>', 'postgres://…').env('DATABASE_URL').makeOptionMandatory())
    .addOption(
      new Option('--direct-database <url>', "the server's own URL where --database is a pooler's").env(
        'DATABASE_DIRECT_URL',
      ),
    )
    .addOption(
      new Option('--serve-as <login>', 'the login that bootstrap made, or the one of the URL as given')
        .env('BACKSAAS_SERVE_AS')
        .choices(['runtime', 'given'])
        .default('runtime'),
    )
    .addOption(
      new Option('--host-suffix <name>', 'example.com makes acme.example.com a tenant').env('BACKSAAS_HOST_SUFFIX'),
    )
    .addOption(
      new Option('--log <form>', 'the form of the log')
        .env('BACKSAAS_LOG')
        .choices([...LOG_FORMS])
        .default('requests'),
    )
    .addHelpText('after', HELP)
  withBus(withFunctions(command), 'NOTIFY of the database').action(async (options: ServeOptions) => {
    const { runServe } = await import('../serve/run-serve.ts')
    await runServe(asSettings(options), io)
  })
}

/** An empty variable is one that is not set. */
function asSettings(options: ServeOptions): ServeSettings {
  const { port, host, database, directDatabase, serveAs, hostSuffix, log } = options
  return {
    port,
    host,
    databaseUrl: database,
    directUrl: directDatabase || null,
    serveAs,
    hostSuffix: hostSuffix || null,
    functionsModule: options.functions ?? null,
    log,
    bus: asBusSettings(options),
  }
}

const HELP = `
It changes no schema and relays no events: beside it runs \`backsaas migrator\`, once for all. GET /healthz answers 503 until
it serves, and again while the database is away. SIGTERM lets requests under way end.

Examples:
  DATABASE_URL=postgres://… backsaas serve
  DATABASE_URL=postgres://… REDIS_URL=redis://… backsaas serve --port 8080
  backsaas serve --database postgres://runtime:…@pooler/app --serve-as given --direct-database postgres://runtime:…@server/app`
