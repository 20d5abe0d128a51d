/** `backsaas schemas`: which schemas there are, and their newest versions. */
import type { JsonObject } from '@backsaas/core'
import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { useDatabase } from '../open-database.ts'
import { openRegistry, type RegistryOptions, withRegistry } from '../registry/registry-access.ts'
import type { RestClient } from '../transfer/rest-client.ts'

interface Listed {
  readonly name: string
  readonly owner?: string
  readonly version: number
  readonly shared: boolean
}

/** Adds the command to `program`. */
export function addSchemas(program: Command, io: Io): void {
  const command = program
    .command('schemas')
    .description("List the tenant's own schemas; in a database, everybody's.")
    .addHelpText('after', HELP)
  withRegistry(command, 'both').action(async (options: RegistryOptions) => {
    const access = openRegistry(options, command)
    const schemas = access.by === 'http' ? await listByApi(access.client) : await listInDatabase(access.url)
    if (options.json) io.out(JSON.stringify(schemas))
    else for (const schema of schemas) io.out(line(schema))
  })
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

function line({ name, owner, version, shared }: Listed): string {
  return `${owner === undefined ? '' : `${owner}/`}${name}  version ${version}${shared ? '  shared' : ''}`
}

const HELP = `
Examples:
  backsaas schemas --url http://127.0.0.1:8787/t/acme/rest/v1 --key bsk_…
  backsaas schemas --database postgres://postgres@127.0.0.1:5432/app --json`
