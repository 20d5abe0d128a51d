/** A function of the registry, for a command that may work in the database itself as well. */
import type { JsonObject } from '@backsaas/core'
import type { Command } from 'commander'
import { openRegistry, type RegistryOptions } from './registry-access.ts'

/**
 * @param inDatabase the same without an API, given the database's URL.
 * @throws `ACCESS_MISSING`, `URL_INVALID` (400); the server's refusal, in its words.
 */
export async function askRegistry(
  name: string,
  given: JsonObject,
  { options, command }: { readonly options: RegistryOptions; readonly command: Command },
  inDatabase: (url: string) => Promise<JsonObject>,
): Promise<JsonObject> {
  const access = openRegistry(options, command)
  if (access.by === 'database') return inDatabase(access.url)
  const { callRegistry } = await import('./call-registry.ts')
  return callRegistry(access.client, name, given)
}
