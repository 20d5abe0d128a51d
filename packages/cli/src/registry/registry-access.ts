/** The options by which a command reaches the registry: through a tenant's API, or in the database itself. */
import { BackSaasError } from '@backsaas/core'
import { type Command, Option } from 'commander'
import { createRestClient, type RestClient } from '../transfer/rest-client.ts'

export interface RegistryOptions {
  readonly url?: string
  readonly key?: string
  readonly database?: string
  readonly json?: true
}

export type RegistryAccess =
  | {
      readonly by: 'http'
      readonly client: RestClient
      /** For what is no request of the data API. */
      readonly url: string
      readonly key: string
    }
  | { readonly by: 'database'; readonly url: string }

/** Adds `--url`, `--key`, `--json` and, where the command can work in the database itself, `--database`. */
export function withRegistry(command: Command, kinds: 'http' | 'both'): Command {
  const url = new Option('--url <url>', "the tenant's API, such as http://127.0.0.1:8787/t/acme/rest/v1")
  const key = new Option('--key <key>', 'an API key of the tenant, of its role admin')
  const database = new Option('--database <url>', 'instead of an API: postgres://… of the owner, or pglite:FOLDER')
  command.addOption(url.env('BACKSAAS_URL')).addOption(key.env('BACKSAAS_KEY'))
  if (kinds === 'both') command.addOption(database.env('DATABASE_URL'))
  return command.option('--json', 'answer in JSON')
}

/**
 * What was said on the command line comes before what variables say, and the API before the database.
 *
 * @throws `ACCESS_MISSING`, `URL_INVALID` (400).
 */
export function openRegistry(options: RegistryOptions, command: Command): RegistryAccess {
  const { url, key, database } = options
  const said = (name: string): boolean => command.getOptionValueSource(name) === 'cli'
  const isDatabase = Boolean(database) && (said('database') || !url) && !said('url')
  if (isDatabase && database) return { by: 'database', url: database }
  if (url && key) {
    return { by: 'http', client: createRestClient({ url, apiKey: key, profile: 'platform' }), url, key }
  }
  const missing = url ? '--key (or BACKSAAS_KEY)' : '--url (or BACKSAAS_URL)'
  throw new BackSaasError('ACCESS_MISSING', 400, `the command needs ${missing}`, {
    hint: 'the URL and a key of a tenant; `backsaas dev` writes both into dev.json',
  })
}

/** @throws `ACCESS_MISSING` (400) where there is no URL or no key. */
export function openRegistryApi(options: RegistryOptions, command: Command): RestClient {
  const access = openRegistry(options, command)
  if (access.by === 'http') return access.client
  throw new BackSaasError('ACCESS_MISSING', 400, 'the command works through an API', { hint: 'give --url and --key' })
}

/** Whose, where no key says it. @throws `TENANT_MISSING` (400). */
export function tenantOf({ tenant }: { readonly tenant?: string }): string {
  if (tenant !== undefined) return tenant
  throw new BackSaasError('TENANT_MISSING', 400, 'in a database the command needs --tenant', { hint: 'give its slug' })
}
