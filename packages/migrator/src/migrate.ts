/** From a schema document to tables that serve: bootstrap (which repairs and upgrades too), publish, place, converge. */
import { readFile } from 'node:fs/promises'
import type { Database, FunctionDefinition } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { type BootstrapOptions, bootstrap } from './bootstrap/bootstrap.ts'
import { convergePlacement } from './execute/converge-placement.ts'
import { migratorTransaction } from './execute/migrator-transaction.ts'
import { type Naming, readableNaming } from './plan/names.ts'
import type { Decide } from './registry/decide.ts'
import { findTenant } from './registry/find-tenant.ts'
import { readPlatform } from './registry/platform.ts'
import { compileToPublish, publishDocument } from './registry/publish-document.ts'

export interface MigrateOptions {
  /** Slug or id of the tenant that owns the schema; default `system`, whose schemas every tenant may install. */
  readonly owner?: string
  /** Physical names of new tables and columns; readable unless given. */
  readonly naming?: Naming
  /** Makes the decisions that are stored with a schema that has access rules; without it none are. */
  readonly decide?: Decide
  /** What the schema may name in `hooks:` and `functions:`; none unless given. */
  readonly functions?: readonly FunctionDefinition[]
  /** Told what an operator should know. Default: a line on stderr. */
  readonly report?: (line: string) => void
}

export interface Migrated {
  readonly schema: string
  readonly version: number
  readonly hash: string
  /** False where this very content is live already: nothing was done. */
  readonly created: boolean
  /** The newest live version, which installs have: later than `version` where the content is that of an earlier one. */
  readonly newest: number
}

/**
 * Publishes a schema as a new version and makes its tables in the default store. Additive changes go live beside the
 * version before, and all installs move to the new one. A tenant's own schema is installed for it. Content that is live
 * already changes nothing, be it of an earlier version: installs stay at the newest.
 *
 * @param source YAML or JSON text, or the path of a file of it.
 * @throws `SchemaProblems` (422); `NEEDS_MIGRATION` (409) with the list of what is not additive;
 *   `FILL_FAILED` (409), `SCHEMA_NAME_RESERVED` (422), `SCHEMA_FILE_UNREADABLE` (422), `TENANT_UNKNOWN` (404); what `bootstrap` throws.
 * @example await migrate(pg(process.env.DATABASE_URL), './crm.yaml')
 */
export async function migrate(database: Database, source: string, options: MigrateOptions = {}): Promise<Migrated> {
  const text = await readSource(source)
  const compiled = await compileToPublish(text, options)
  await bootstrap(database, bootstrapOptions(options))
  const { version, created, newest, placementId } = await migratorTransaction(database, async (connection) => {
    const owner = await findTenant(connection, await readPlatform(connection), options.owner ?? 'system')
    return publishDocument(connection, {
      compiled,
      source: text,
      owner,
      naming: options.naming ?? readableNaming,
    })
  })
  await convergePlacement(database, placementId)
  return { schema: compiled.name, version, hash: compiled.hash, created, newest }
}

function bootstrapOptions({ report, decide }: MigrateOptions): BootstrapOptions {
  return { ...(report && { report }), ...(decide && { decide }) }
}

/** A document has several lines, or is a JSON object; anything else names a file. */
async function readSource(source: string): Promise<string> {
  if (source.includes('\n') || source.trimStart().startsWith('{')) return source
  try {
    return await readFile(source, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable'
    throw new BackSaasError('SCHEMA_FILE_UNREADABLE', 422, `the schema file ${source} cannot be read (${reason})`, {
      hint: 'give the path of a .yaml or .json file, or the text itself',
      cause,
    })
  }
}
