/** The options by which a command reaches a tenant's data API. */

import type { CompiledSchema } from '@backsaas/core'
import { compileSchema } from '@backsaas/core/language'
import { type Command, Option } from 'commander'
import { curated } from '../curated.ts'
import { readText } from '../read-text.ts'
import { createRestClient, type RestClient } from './rest-client.ts'

export interface RestAccessOptions {
  readonly url: string
  readonly key: string
  readonly profile?: string
  readonly schema?: string
}

/** Adds `--url`, `--key`, `--profile` and `--schema` to a command. */
export function withRestAccess(command: Command): Command {
  const url = new Option('--url <url>', "the tenant's data API, such as http://127.0.0.1:8787/t/acme/rest/v1")
  const key = new Option('--key <key>', 'an API key of the tenant')
  return command
    .addOption(url.env('BACKSAAS_URL').makeOptionMandatory())
    .addOption(key.env('BACKSAAS_KEY').makeOptionMandatory())
    .option('--profile <name>', "one of the tenant's schemas (default: its first)")
    .option('--schema <file>', 'the schema as YAML: tells keys, references and which fields can be written')
}

/**
 * @param say told when a request is sent again.
 * @throws `URL_INVALID` (400).
 */
export function openRest({ url, key, profile }: RestAccessOptions, say?: (line: string) => void): RestClient {
  return createRestClient({
    url,
    apiKey: key,
    ...(profile === undefined ? {} : { profile }),
    ...(say && { onRetry: (reason) => say(`the server does not answer (${reason}): trying again`) }),
  })
}

/** The schema of `--schema`; null without it. */
export async function readSchema({ schema }: RestAccessOptions): Promise<CompiledSchema | null> {
  if (schema === undefined) return null
  const { functions } = await curated()
  return compileSchema(readText(schema), { functions })
}
