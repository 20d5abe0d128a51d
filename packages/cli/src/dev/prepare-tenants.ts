/** Tenants, keys and first rows of the development server: made where they are not there yet. */
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BackSaasError, type Database } from '@backsaas/core'
import { createKey, createTenant, listTenants } from '@backsaas/migrator'
import type { Access, DevFile, KnownKeys } from './dev-file.ts'
import type { Example } from './example.ts'
import { clearTenant, type Fetch, seedTenant } from './seed-tenant.ts'

export interface Preparation {
  readonly database: Database
  /** The schema's name, as the registry has it. */
  readonly schema: string
  readonly example: Example
  readonly dataFolder: string
  readonly url: string
  readonly known: KnownKeys
  /** The runtime's own: rows go in through the API like anybody's. */
  readonly fetch: Fetch
}

/**
 * Makes sure that every tenant of the example is there, has a key, and has its first rows if it is new.
 *
 * @throws what the API answers where a row of the seed is refused.
 */
export async function prepareTenants(preparation: Preparation): Promise<Omit<DevFile, 'url'>> {
  const tenants: Record<string, Access> = {}
  for (const slug of Object.keys(preparation.example.seeds)) tenants[slug] = await prepareTenant(slug, preparation)
  return { tenants, system: await accessTo('system', 'tenants', preparation) }
}

/** The mark tells a tenant whose first rows were interrupted from one that its user has emptied. */
async function prepareTenant(slug: string, preparation: Preparation): Promise<Access> {
  const { dataFolder, database, example, schema, fetch } = preparation
  const seed = example.seeds[slug] ?? {}
  const mark = join(dataFolder, `seeding-${slug}`)
  const interrupted = existsSync(mark)
  if (!interrupted) writeFileSync(mark, '')
  const isNew = (await listTenants(database)).every((tenant) => tenant.slug !== slug)
  if (isNew) await createTenant(database, { slug, schemas: [schema] })
  const access = await accessTo(slug, Object.keys(seed)[0] ?? schema, preparation)
  if (interrupted) await clearTenant(fetch, access, seed)
  if (isNew || interrupted) await seedTenant(fetch, access, seed)
  rmSync(mark)
  return access
}

/** The key of an earlier start where it still opens `entity`, else a new one. */
async function accessTo(slug: string, entity: string, preparation: Preparation): Promise<Access> {
  const { database, known, url, fetch } = preparation
  const restUrl = `${url}/t/${slug}/rest/v1`
  const knownKey = known.get(slug)
  if (knownKey !== undefined && (await opens(fetch, `${restUrl}/${entity}?limit=1`, knownKey))) {
    return { restUrl, apiKey: knownKey }
  }
  const { key } = await createKey(database, { tenant: slug, name: 'development' })
  return { restUrl, apiKey: key }
}

async function opens(fetch: Fetch, url: string, apikey: string): Promise<boolean> {
  const response = await fetch(new Request(url, { headers: { apikey } }))
  if (response.status >= 500) throw new BackSaasError('API_FAILED', 500, `the API answers ${response.status}`)
  return response.ok
}
