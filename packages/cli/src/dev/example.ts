/** What the development server serves: a schema, and rows to begin with. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BackSaasError, type JsonObject } from '@backsaas/core'
import { readText } from '../read-text.ts'

/** Entity by entity, in the order in which they are inserted. */
export type Seed = Readonly<Record<string, readonly JsonObject[]>>

export interface Example {
  /** YAML. */
  readonly schema: string
  /** By tenant slug. */
  readonly seeds: Readonly<Record<string, Seed>>
}

const OWN = fileURLToPath(new URL('../../../../examples/crm', import.meta.url))

/**
 * Reads `schema.yaml` and `seed.json` of a folder.
 *
 * @throws `EXAMPLE_ABSENT` (400) where the folder is not there; `FILE_UNREADABLE`, `SEED_INVALID` (400).
 * @example readExample('examples/crm').seeds.acme.companies.length
 */
export function readExample(folder: string | null): Example {
  const place = folder ?? OWN
  if (!existsSync(place)) {
    throw new BackSaasError('EXAMPLE_ABSENT', 400, `there is no example in ${place}`, {
      hint: 'give one with --example FOLDER (schema.yaml and seed.json)',
    })
  }
  return { schema: readText(join(place, 'schema.yaml')), seeds: readSeeds(join(place, 'seed.json')) }
}

function readSeeds(path: string): Example['seeds'] {
  try {
    // The shape is the example's own; what does not fit its schema is refused by the API when it is inserted.
    return JSON.parse(readText(path)) as Example['seeds']
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new BackSaasError('SEED_INVALID', 400, `${path} is not JSON: ${cause.message}`, { cause })
  }
}
