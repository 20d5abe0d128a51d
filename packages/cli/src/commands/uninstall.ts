/** `backsaas uninstall PROFILE`: takes a schema away from a tenant; its rows stay. */
import type { JsonObject } from '@backsaas/core'
import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { useDatabase } from '../open-database.ts'
import { askRegistry } from '../registry/ask-registry.ts'
import { type RegistryOptions, tenantOf, withRegistry } from '../registry/registry-access.ts'

interface UninstallOptions extends RegistryOptions {
  readonly tenant?: string
}

/** Adds the command to `program`. */
export function addUninstall(program: Command, io: Io): void {
  const command = program
    .command('uninstall')
    .description(
      'Take a profile away from a tenant. Its rows stay, and are there again when the schema is installed again.',
    )
    .argument('<profile>', 'the name that requests select it by')
    .option('--tenant <slug>', 'whom to take it from, with --database')
    .addHelpText('after', HELP)
  withRegistry(command, 'both').action(async (profile: string, options: UninstallOptions) => {
    const result = await uninstall(profile, options, command)
    if (options.json) io.out(JSON.stringify(result))
    else io.out(`${profile} is installed no more; requests without a profile get ${result.default_profile}`)
  })
}

function uninstall(profile: string, options: UninstallOptions, command: Command): Promise<JsonObject> {
  return askRegistry('uninstall_schema', { profile }, { options, command }, async (url) => {
    const tenant = tenantOf(options)
    const { uninstallSchema } = await import('@backsaas/migrator')
    const done = await useDatabase(url, (database) => uninstallSchema(database, { tenant, profile }))
    const { schemaId, version, defaultProfile } = done
    return { profile, schema_id: schemaId, version, default_profile: defaultProfile }
  })
}

const HELP = `
Examples:
  backsaas uninstall their_crm --url http://127.0.0.1:8787/t/acme/rest/v1 --key bsk_…
  backsaas uninstall crm --tenant acme --database postgres://postgres@127.0.0.1:5432/app`
