/** From a schema document to tables that serve: bootstrap (which repairs and upgrades too), publish, place, converge. */
import { readFile } from 'node:fs/promises'
import type { Connection, FunctionDefinition } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { type BootstrapOptions, bootstrap } from './bootstrap/bootstrap.ts'
import { convergePlacement } from './execute/converge-placement.ts'
import { type MigrationStatus, statusOf } from './execute/migration-status.ts'
import type { RunOptions } from './execute/run.ts'
import { runMigration } from './execute/run-migration.ts'
import { type Pinned, pinnedBefore } from './pins/read-pins.ts'
import { type Naming, readableNaming } from './plan/names.ts'
import type { Decide } from './registry/decide.ts'
import { findTenant } from './registry/find-tenant.ts'
import { installOwn } from './registry/install-own.ts'
import { readPlatform } from './registry/platform.ts'
import { compileToPublish, type Document } from './registry/publish-document.ts'
import { publishOrRequest } from './registry/publish-or-request.ts'
import type { DeliveryPlan } from './stores/delivery-row.ts'
import { type Databases, fleetOf } from './stores/fleet.ts'
import { refuseElsewhere } from './stores/identity.ts'

export interface MigrateOptions {
  /** Slug or id of the tenant that owns the schema; default `system`, whose schemas every tenant may install. */
  readonly owner?: string
  /** Physical names of new tables and columns; readable unless given. */
  readonly naming?: Naming
  /** Makes the decisions that are stored with a schema that has access rules; without it none are. */
  readonly decide?: Decide
  /** What the schema may name in `hooks:` and `functions:`; none unless given. */
  readonly functions?: readonly FunctionDefinition[]
  /** `refuse` publishes compatible changes alone. Default `migrate`. */
  readonly breaking?: 'migrate' | 'refuse'
  /** It serves, and no install moves to it before a roll-out does it. */
  readonly hold?: boolean
  /** How it goes to the other stores of the schema, which `startDeliveries` does. */
  readonly delivery?: DeliveryPlan
  /** How a breaking change is run, which is a migration: until both versions serve, unless `until` is `done`. */
  readonly run?: RunOptions
  /** Told what an operator should know. Default: a line on stderr. */
  readonly report?: (line: string) => void
}

export interface Migrated {
  readonly schema: string
  readonly schemaId: string
  readonly version: number
  readonly hash: string
  /** False where this very content is live already: nothing was done. */
  readonly created: boolean
  /** The newest live version, which installs have: later than `version` where the content is that of an earlier one. */
  readonly newest: number
  /** Installs that stay at an older version than the newest, whatever is published: a contract waits for them. */
  readonly pinned: Pinned
  /** What made it, where that took a migration. */
  readonly migration?: MigrationStatus
}

/**
 * Publishes a schema as a new version and makes its tables in the default store. Additive changes go live beside the
 * version before, and all installs move to the new one. A breaking change is a migration, which is run until both versions serve, or
 * gone on with where it stopped. A tenant's own schema is installed for it. Content that is live
 * already changes nothing, be it of an earlier version: installs stay at the newest.
 *
 * @param source YAML or JSON text, or the path of a file of it.
 * @throws `SchemaProblems` (422); `CHANGE_AMBIGUOUS`, `MIGRATION_INCOMPLETE`, `MIGRATION_UNSUPPORTED`, `MIGRATION_OPEN`, and
 *   `NEEDS_MIGRATION` where breaking changes are to be refused (409); what
 *   `runMigration` throws; `FILL_FAILED` (409), `SCHEMA_NAME_RESERVED` (422), `SCHEMA_FILE_UNREADABLE` (422), `TENANT_UNKNOWN` (404); `NOT_HOME` (409); what `bootstrap` throws.
 * @example await migrate(pg(process.env.DATABASE_URL), './crm.yaml')
 */
export async function migrate(databases: Databases, source: string, options: MigrateOptions = {}): Promise<Migrated> {
  const fleet = fleetOf(databases)
  const database = fleet.home
  const text = await readSource(source)
  const compiled = await compileToPublish(text, options)
  await bootstrap(database, bootstrapOptions(options))
  let ownerId: string | null = null
  const documentOf = async (connection: Connection): Promise<Document> => {
    await refuseElsewhere(connection)
    const owner = await findTenant(connection, await readPlatform(connection), options.owner ?? 'system')
    ownerId = owner.id
    return {
      compiled,
      source: text,
      owner,
      naming: options.naming ?? readableNaming,
      hold: options.hold ?? false,
      ...(options.delivery && { delivery: options.delivery }),
      hooks: options.run?.hooks ?? [],
    }
  }
  const outcome = await publishOrRequest(database, documentOf, options.breaking)
  const done = { schema: compiled.name, hash: compiled.hash }
  if (outcome.kind === 'migration') {
    const row = await runMigration(database, outcome.migrationId, options.run)
    await convergePlacement(database, outcome.placementId)
    const { placementId, toVersion: version } = row
    const pinned = await pinnedBefore(database, { placementId, version })
    const { schemaId } = row
    return { ...done, schemaId, version, created: true, newest: version, pinned, migration: statusOf(row) }
  }
  const { version, created, newest, placementId, schemaId } = outcome.published
  await convergePlacement(database, placementId)
  if (ownerId !== null) await installOwn(fleet, ownerId, { schema: compiled.name, version })
  const pinned = await pinnedBefore(database, { placementId, version: newest })
  return { ...done, schemaId, version, created, newest, pinned }
}

function bootstrapOptions({ report, decide }: MigrateOptions): BootstrapOptions {
  return { ...(report && { report }), ...(decide && { decide }) }
}

/** A document has several lines, or is a JSON object; anything else names a file. */
export async function readSource(source: string): Promise<string> {
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
