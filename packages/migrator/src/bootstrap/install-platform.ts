/** The platform's own schema, installed by the steps of any schema; and the rows it cannot do without. */
import type { Connection, Database } from '@backsaas/core'
import {
  BackSaasError,
  DEFAULT_STORE_ID,
  PLATFORM_PLACEMENT_ID,
  PLATFORM_SCHEMA_ID,
  PLATFORM_STORE_ID,
  SYSTEM_TENANT_ID,
} from '@backsaas/core'
import { compileSchema, PLATFORM_FUNCTIONS } from '@backsaas/core/language'
import { convergePlacement } from '../execute/converge-placement.ts'
import { migratorTransaction, query, runDdl } from '../execute/migrator-transaction.ts'
import { runMigration } from '../execute/run-migration.ts'
import { prepareExecutions } from '../executions/prepare-executions.ts'
import type { Naming } from '../plan/names.ts'
import { identifier } from '../plan/quote.ts'
import { type Decide, withDecisions } from '../registry/decide.ts'
import { insertRow, type Platform, readPlatform, tableNames } from '../registry/platform.ts'
import { isForMigration, openMigration } from '../registry/publish-or-request.ts'
import { type Publication, publishVersion } from '../registry/publish-version.ts'
import { requestMigration } from '../registry/request-migration.ts'
import { readPlatformFile } from './platform-file.ts'
import { prepareJobs } from './prepare-jobs.ts'
import { showMigrations } from './show-migrations.ts'
import { storeDocuments } from './store-documents.ts'
import { storeSchema } from './store-schema.ts'

/**
 * Publishes the platform's own schema where this version has another one, and adds what is missing of the system tenant. What is
 * breaking is a migration like any other, which is run until both versions serve: older servers go on. Its end is asked for as ever:
 * `backsaas migrate --resume platform --contract`.
 *
 * @throws `PLATFORM_INCOMPATIBLE` (409) where the database has a platform that no migration is known from.
 */
export async function installPlatform(
  database: Database,
  naming: Naming,
  decide: Decide | undefined,
  text?: string,
): Promise<void> {
  const source = text ?? (await readPlatformFile())
  const compiled = await withDecisions(compileSchema(source, { functions: PLATFORM_FUNCTIONS }), decide)
  const publication: Publication = {
    compiled,
    source,
    ownerId: SYSTEM_TENANT_ID,
    storeId: PLATFORM_STORE_ID,
    naming,
    fixed: { schemaId: PLATFORM_SCHEMA_ID, placementId: PLATFORM_PLACEMENT_ID },
  }
  const migrationId = await migratorTransaction(database, async (connection) => {
    const asked = await publishOrMigrate(connection, publication)
    if (asked === null) await prepare(connection)
    return asked
  })
  if (migrationId !== null) {
    await runMigration(database, migrationId)
    await migratorTransaction(database, prepare)
  }
  await convergePlacement(database, PLATFORM_PLACEMENT_ID)
}

/** @returns the migration that it takes; null where it is live. */
async function publishOrMigrate(connection: Connection, publication: Publication): Promise<string | null> {
  try {
    await publishVersion(connection, publication)
    return null
  } catch (error) {
    if (!isForMigration(error)) throw refusedPlatform(error)
    try {
      return (
        (await openMigration(connection, publication))?.migrationId ??
        (await requestMigration(connection, publication)).id
      )
    } catch (cause) {
      throw refusedPlatform(cause)
    }
  }
}

async function prepare(connection: Connection): Promise<void> {
  const platform = await readPlatform(connection)
  await addSystemRows(connection, platform)
  await prepareOutbox(connection, platform)
  await prepareJobs(connection, platform)
  await showMigrations(connection, platform)
  await storeDocuments(connection)
  await prepareExecutions(connection, platform)
}

const INCOMPATIBLE = ['NEEDS_MIGRATION', 'CHANGE_AMBIGUOUS', 'MIGRATION_INCOMPLETE', 'MIGRATION_UNSUPPORTED']

function refusedPlatform(cause: unknown): unknown {
  if (!(cause instanceof BackSaasError && INCOMPATIBLE.includes(cause.code))) return cause
  const { details, errors } = cause
  const message = "this database was set up by another version of BackSaaS, whose own tables are not this version's"
  return new BackSaasError('PLATFORM_INCOMPATIBLE', 409, message, {
    hint: 'take a new database (or data folder), or the version that set it up',
    details,
    errors,
    cause,
  })
}

async function addSystemRows(connection: Connection, platform: Platform): Promise<void> {
  const system = SYSTEM_TENANT_ID
  await connection.batch([
    {
      text: `insert into backsaas.fence_tenants (tenant_id, state) values ($1, 'live') on conflict do nothing`,
      params: [system],
    },
    insertRow(platform, 'tenants', system, { id: system, slug: 'system', name: 'Platform' }, 'ignore'),
    insertRow(
      platform,
      'stores',
      system,
      { id: PLATFORM_STORE_ID, name: 'platform', kind: 'pooled', namespace: storeSchema(PLATFORM_STORE_ID) },
      'ignore',
    ),
    insertRow(
      platform,
      'stores',
      system,
      { id: DEFAULT_STORE_ID, name: 'default', kind: 'pooled', namespace: storeSchema(DEFAULT_STORE_ID) },
      'ignore',
    ),
    insertRow(
      platform,
      'installs',
      system,
      {
        profile: 'platform',
        schema_name: 'platform',
        schema_id: PLATFORM_SCHEMA_ID,
        placement_id: PLATFORM_PLACEMENT_ID,
        version: String(platform.version),
        is_default: 'true',
      },
      'ignore',
    ),
  ])
}

/**
 * What the relay needs of the outbox. What is not sent yet is a handful of rows among millions, which indexes find without
 * reading the rest. A trigger wakes it; not for `record.*`, since a commit that notifies waits for every other that does:
 * the relay finds those when it looks. By row, because a condition that is false costs next to nothing.
 */
async function prepareOutbox(connection: Connection, platform: Platform): Promise<void> {
  const events = tableNames(platform, 'events')
  const [id, time, type, position, sent] = ['id', 'time', 'type', 'position', 'sent_at'].map(events.column)
  const indexes = {
    backsaas_outbox_unplaced: `(${time}, ${id}) where ${position} is null and ${sent} is null`,
    backsaas_outbox_sent: `(${sent}) where ${sent} is not null`,
    backsaas_outbox_unsent: `(${position}) where ${position} is not null and ${sent} is null`,
  }
  const statements: string[] = []
  for (const [name, definition] of Object.entries(indexes)) {
    const known = `${identifier(platform.mapping.schema)}.${name}`
    const [found] = await query(connection, 'select to_regclass($1)::text', [known])
    if (!found?.[0]) statements.push(`create index ${name} on ${events.table} ${definition}`)
  }
  const trigger = 'backsaas_tell_outbox'
  const [made] = await query(connection, 'select 1 from pg_trigger where tgname = $1 and tgrelid = $2::regclass', [
    trigger,
    events.table,
  ])
  if (!made) {
    statements.push(
      `create trigger ${trigger} after insert on ${events.table} for each row
       when (new.${type} not like 'record.%') execute function backsaas.tell_outbox()`,
    )
  }
  await runDdl(connection, statements)
}
