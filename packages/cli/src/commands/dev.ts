/** `backsaas dev`: what `npm start` runs. */

import { isAbsolute, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { type CuratedOptions, withFunctions } from '../curated.ts'
import { LOG_FORMS } from '../dev/log-requests.ts'
import type { DevSettings } from '../dev/run-dev.ts'
import type { Io } from '../io.ts'
import { asBusSettings, type BusOptions, withBus } from '../open-bus.ts'
import { readPort } from '../read-port.ts'

interface DevOptions extends CuratedOptions, BusOptions {
  readonly port: number
  readonly host: string
  readonly data: string
  readonly database?: string
  readonly example?: string
  readonly log: DevSettings['log']
}

/** Adds the command to `program`. */
export function addDev(program: Command, io: Io): void {
  const log = new Option(
    '--log <form>',
    'lines for people; JSON of requests and errors; JSON of everything, each stage too; errors',
  )
  const command = program
    .command('dev')
    .description('Serve an example schema to the tenants acme and globex, with Postgres built in.')
    .addOption(new Option('--port <port>', 'where to listen').env('PORT').default(8787).argParser(readPort))
    .option('--host <host>', 'the address to listen on', '127.0.0.1')
    .addOption(new Option('--data <folder>', 'where data is kept').env('BACKSAAS_DATA').default('.backsaas'))
    .addOption(
      new Option('--database <url>', "an owner's postgres://… instead of the built-in one").env('DATABASE_URL'),
    )
    .option('--example <folder>', "a folder with schema.yaml and seed.json (default: the repository's examples/crm)")
    .addOption(log.choices([...LOG_FORMS]).default(io.isTty ? 'text' : 'requests'))
    .addHelpText('after', HELP)
  withBus(withFunctions(command), 'none, events stay in this process').action(async (options: DevOptions) => {
    const { runDev } = await import('../dev/run-dev.ts')
    await runDev(asSettings(options), io)
  })
}

function asSettings(options: DevOptions): DevSettings {
  const { port, host, data, database, example, log } = options
  return {
    port,
    host,
    dataFolder: isAbsolute(data) ? data : resolve(data || '.backsaas'),
    // An empty variable is one that is not set.
    databaseUrl: database || null,
    exampleFolder: example ?? null,
    functionsModule: options.functions ?? null,
    log,
    bus: asBusSettings(options),
  }
}

const HELP = `
It writes dev.json (the URL and the keys) into the data folder, and ends on Ctrl-C.

Examples:
  backsaas dev
  backsaas dev --port 9000 --data /var/tmp/backsaas
  DATABASE_URL=postgres://postgres@127.0.0.1:5432/app backsaas dev --log json`
