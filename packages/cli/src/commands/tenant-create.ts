/** `backsaas tenant create SLUG`. */

import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { type DatabaseOptions, withDatabase } from '../open-database.ts'
import { useFleet } from '../open-fleet.ts'

interface TenantOptions extends DatabaseOptions {
  readonly name?: string
  readonly host?: readonly string[]
  readonly schema?: readonly string[]
  readonly store?: string
}

/** Adds the command to the group `tenant`. */
export function addTenantCreate(tenant: Command, io: Io): void {
  const command = tenant
    .command('create')
    .description('Create a tenant and install schemas for it.')
    .argument('<slug>', 'its name in URLs')
    .option('--name <name>', 'its name for people')
    .option('--host <host...>', 'hosts at which it is served')
    .option('--schema <schema...>', 'schemas to install; the first is its default')
    .option('--store <name>', 'where the rows of what it installs are (default: the default store)')
    .addHelpText('after', HELP)
  withDatabase(command).action((slug: string, options: TenantOptions) => create(slug, options, io))
}

async function create(slug: string, options: TenantOptions, io: Io): Promise<void> {
  const { name, host, schema, store } = options
  const { createTenant } = await import('@backsaas/migrator')
  const tenant = await useFleet(options.database, io.env, (fleet) =>
    createTenant(fleet, {
      slug,
      ...(name === undefined ? {} : { name }),
      ...(host === undefined ? {} : { hosts: [...host] }),
      ...(schema === undefined ? {} : { schemas: [...schema] }),
      ...(store === undefined ? {} : { store }),
    }),
  )
  io.out(options.json ? JSON.stringify(tenant) : `tenant ${tenant.slug} (${tenant.id})`)
}

const HELP = `
Examples:
  backsaas tenant create acme --schema crm
  backsaas tenant create acme --schema crm --store eu-1
  backsaas tenant create acme --name "Acme Inc." --host api.acme.example --schema crm --json`
