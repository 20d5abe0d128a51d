/** `backsaas install SCHEMA`: a schema for a tenant. */
import { BackSaasError, type JsonObject } from '@backsaas/core'
import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { useFleet } from '../open-fleet.ts'
import { askRegistry } from '../registry/ask-registry.ts'
import { openRegistry, type RegistryOptions, tenantOf, withRegistry } from '../registry/registry-access.ts'

interface InstallOptions extends RegistryOptions {
  readonly as?: string
  readonly tenant?: string
  readonly store?: string
}

/** Adds the command to `program`. */
export function addInstall(program: Command, io: Io): void {
  const command = program
    .command('install')
    .description("Install a schema for a tenant: the tenant's own of that name, the platform's, or one that is shared.")
    .argument('<schema>', 'its name, or owner/name')
    .option('--as <profile>', "the name that requests select it by (default: the schema's)")
    .option('--tenant <slug>', 'whom to install it for, with --database')
    .option('--store <name>', "with --database: where its rows are to be (default: the tenant's store)")
    .addHelpText('after', HELP)
  withRegistry(command, 'both').action(async (schema: string, options: InstallOptions) => {
    const result = await install(schema, options, command, io)
    if (options.json) io.out(JSON.stringify(result))
    else
      io.out(
        `${schema} version ${result.version} ${result.created ? 'is installed' : 'was there'} as ${result.profile}`,
      )
  })
}

function install(schema: string, options: InstallOptions, command: Command, io: Io): Promise<JsonObject> {
  const { as, store } = options
  if (store !== undefined && openRegistry(options, command).by === 'http')
    throw new BackSaasError('USAGE', 400, '--store needs --database', {
      hint: "over HTTP a schema is installed where the tenant has its rows, which is the operator's to say",
    })
  const wanted = { schema, ...(as === undefined ? {} : { as }), ...(store === undefined ? {} : { store }) }
  return askRegistry('install_schema', wanted, { options, command }, async (url) => {
    const tenant = tenantOf(options)
    const { installSchema } = await import('@backsaas/migrator')
    const installed = await useFleet(url, io.env, (fleet) => installSchema(fleet, { tenant, ...wanted }))
    const { installed: created, profile, schemaId, version } = installed
    return { created, profile, schema_id: schemaId, version }
  })
}

const HELP = `
Examples:
  backsaas install crm --url http://127.0.0.1:8787/t/acme/rest/v1 --key bsk_…
  backsaas install globex/crm --as their_crm
  backsaas install crm --tenant acme --database postgres://postgres@127.0.0.1:5432/app`
