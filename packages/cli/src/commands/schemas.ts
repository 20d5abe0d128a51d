/** `backsaas schemas`: which schemas there are, and their newest versions. */
import type { JsonObject } from '@backsaas/core'
import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { useDatabase } from '../open-database.ts'
import { openRegistry, openRegistryApi, type RegistryOptions, withRegistry } from '../registry/registry-access.ts'
import type { RestClient } from '../transfer/rest-client.ts'

interface SchemasOptions extends RegistryOptions {
  readonly installable?: true
}

interface Listed {
  readonly name: string
  readonly owner?: string
  readonly version: number
  readonly shared?: boolean
  /** The tenant's profiles that it is; of those that may be installed. */
  readonly installedAs?: readonly string[]
}

/** Adds the command to `program`. */
export function addSchemas(program: Command, io: Io): void {
  const command = program
    .command('schemas')
    .description("List the tenant's own schemas; in a database, everybody's.")
    .option('--installable', 'through an API: all that the tenant may install, those that others share too')
    .addHelpText('after', HELP)
  withRegistry(command, 'both').action(async (options: SchemasOptions) => {
    const schemas = await list(options, command)
    if (options.json) io.out(JSON.stringify(schemas))
    else for (const schema of schemas) io.out(line(schema))
  })
}

async function list(options: SchemasOptions, command: Command): Promise<readonly Listed[]> {
  if (options.installable) return listInstallable(openRegistryApi(options, command))
  const access = openRegistry(options, command)
  return access.by === 'http' ? listByApi(access.client) : listInDatabase(access.url)
}

async function listInstallable(client: RestClient): Promise<readonly Listed[]> {
  const { callRegistry } = await import('../registry/call-registry.ts')
  const found: Listed[] = []
  for (let after: string | null = null; ; ) {
    const page = await callRegistry(client, 'list_installable_schemas', after === null ? {} : { after })
    for (const { name, owner, version, installed_as: installedAs } of page.schemas as readonly Installable[])
      found.push({ name, owner, version, installedAs })
    if (typeof page.next !== 'string') return found
    after = page.next
  }
}

/** As the function answers it. */
interface Installable extends JsonObject {
  readonly name: string
  readonly owner: string
  readonly version: number
  readonly installed_as: readonly string[]
}

async function listByApi(client: RestClient): Promise<readonly Listed[]> {
  const { readRegistry } = await import('../registry/call-registry.ts')
  const rows = await readRegistry(client, '/schemas?select=name,shared,schema_versions(version.max())&order=name')
  return rows.map((row) => ({ name: String(row.name), version: newestOf(row), shared: row.shared === true }))
}

/** As the query above selects it. */
function newestOf({ schema_versions: versions }: JsonObject): number {
  const [newest] = versions as readonly { readonly max: number | null }[]
  return newest?.max ?? 0
}

async function listInDatabase(url: string): Promise<readonly Listed[]> {
  const { listSchemas } = await import('@backsaas/migrator')
  const all = await useDatabase(url, listSchemas)
  return all.map(({ name, owner, version, shared }) => ({ name, owner, version, shared }))
}

function line({ name, owner, version, shared, installedAs = [] }: Listed): string {
  const installed = installedAs.length > 0 ? `  installed as ${installedAs.join(', ')}` : ''
  return `${owner === undefined ? '' : `${owner}/`}${name}  version ${version}${shared ? '  shared' : ''}${installed}`
}

const HELP = `
Examples:
  backsaas schemas --url http://127.0.0.1:8787/t/acme/rest/v1 --key bsk_…
  backsaas schemas --installable
  backsaas schemas --database postgres://postgres@127.0.0.1:5432/app --json`
