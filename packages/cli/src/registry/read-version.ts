/** The text of a schema by what a person calls it: a file, or a version that has been published. */
import { existsSync } from 'node:fs'
import { BackSaasError } from '@backsaas/core'
import type { Command } from 'commander'
import { useDatabase } from '../open-database.ts'
import { readText } from '../read-text.ts'
import { openRegistry, type RegistryOptions } from './registry-access.ts'

/** `owner/name@version`; the owner is for a database, where there are several. */
const PUBLISHED = /^(?:([a-z][a-z0-9-]{1,62})\/)?([a-z][a-z0-9_]{0,47})@([1-9][0-9]{0,8})$/

/** @throws `FILE_UNREADABLE` (400); `VERSION_UNKNOWN` (404); what the server or the database refuses. */
export async function readVersion(place: string, options: RegistryOptions, command: Command): Promise<string> {
  const [, owner, schema = '', version = ''] = PUBLISHED.exec(place) ?? []
  if (schema === '' || existsSync(place)) return readText(place)
  const access = openRegistry(options, command)
  if (access.by === 'database') {
    const { readVersionSource } = await import('@backsaas/migrator')
    const wanted = { owner: owner ?? 'system', schema, version: Number(version) }
    return useDatabase(access.url, (database) => readVersionSource(database, wanted))
  }
  if (owner !== undefined) {
    throw new BackSaasError('OWNER_ELSEWHERE', 400, `${place}: through an API only its tenant's own schemas are read`, {
      hint: `write ${schema}@${version}, or give --database`,
    })
  }
  const { readRegistry } = await import('./call-registry.ts')
  const query = `select=source,schema:schemas!inner()&schema.name=eq.${schema}&version=eq.${version}`
  const [row] = await readRegistry(access.client, `/schema_versions?${query}`)
  if (row) return String(row.source)
  throw new BackSaasError('VERSION_UNKNOWN', 404, `the tenant has no ${place}`, { hint: 'see `backsaas schemas`' })
}
