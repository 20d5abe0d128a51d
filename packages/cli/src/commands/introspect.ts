/** `backsaas introspect DATABASE_URL`: a schema from the tables of a Postgres that is there already. */

import type { Command } from 'commander'
import type { IntrospectRequest } from '../introspect/run-introspect.ts'
import type { Io } from '../io.ts'

interface IntrospectOptions {
  readonly pgSchema: string
  readonly name?: string
  readonly table?: readonly string[]
  readonly out: string
  readonly data?: string
  readonly to?: string
  readonly key?: string
  readonly tenant?: string
  readonly json?: true
}

/** Adds the command to `program`. */
export function addIntrospect(program: Command, io: Io): void {
  program
    .command('introspect')
    .description('Write a schema from the tables of a Postgres database; and, if asked, take their rows along.')
    .argument('<database>', 'postgres://… or pglite:FOLDER; it is only read')
    .option('--pg-schema <name>', 'the Postgres schema to read', 'public')
    .option('--name <schema>', "the new schema's name (default: the Postgres schema's, or `imported` for public)")
    .option('--table <table...>', 'only these tables')
    .option('--out <file>', 'where the schema goes, or - for standard output', 'schema.yaml')
    .option('--data <dir>', 'also write the rows, as NDJSON files for `backsaas import`')
    .option('--to <url>', "also import the rows into a tenant by its data API's URL (migrate the schema first)")
    .option('--key <key>', 'an API key of that tenant')
    .option('--tenant <id>', "whose rows, where the tables are BackSaaS' own: the tenant's uuid")
    .option('--json', 'answer in JSON')
    .addHelpText('after', HELP)
    .action((database: string, options: IntrospectOptions) => introspect(database, options, io))
}

async function introspect(database: string, options: IntrospectOptions, io: Io): Promise<void> {
  const { runIntrospect } = await import('../introspect/run-introspect.ts')
  const { pgSchema, name, table, out, data, to, key, tenant, json } = options
  const request: IntrospectRequest = {
    database,
    pgSchema,
    name: name ?? null,
    tables: table ?? null,
    out,
    dataFolder: data ?? null,
    to: to ?? null,
    apiKey: key ?? io.env.BACKSAAS_KEY ?? null,
    tenant: tenant ?? null,
    asJson: json === true,
  }
  await runIntrospect(request, io)
}

const HELP = `
Tables become entities, columns fields, foreign keys references, CHECK lists and enum types enums, comments descriptions.
Names that the language refuses are changed, and what it cannot hold is left out; both are listed at the top of the file.

Examples:
  backsaas introspect postgres://me@localhost/shop --out shop.yaml
  backsaas introspect postgres://me@localhost/shop --out shop.yaml --data rows && backsaas import rows --schema shop.yaml
  backsaas introspect postgres://me@localhost/shop --table customers orders --out -`
