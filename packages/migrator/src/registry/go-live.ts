/** The turn of a migration: the new version serves beside the old ones, and installs move to it; or the way back. */
import type { Connection, Statement } from '@backsaas/core'
import type { MigrationRow } from '../execute/migration-row.ts'
import { insertEvent } from './event.ts'
import { eventChanges } from './event-changes.ts'
import { insertRow, type Platform, tableNames } from './platform.ts'

/** How long older versions are promised to serve. */
export interface Turn {
  readonly drainMs: number
}

/** To be committed with the checkpoint. */
export async function goLive(
  connection: Connection,
  platform: Platform,
  migration: MigrationRow,
  { drainMs }: Turn,
): Promise<void> {
  const { placementId, schemaId, ownerId, fromVersion, toVersion, plan } = migration
  const [hash] = await connection.batch([
    {
      text: 'select hash from backsaas.versions where placement_id = $1 and version = $2',
      params: [placementId, String(toVersion)],
      prepare: false,
    },
  ])
  const row = {
    schema_id: schemaId,
    version: String(toVersion),
    hash: hash?.rows[0]?.[0] ?? '',
    source: migration.source,
  }
  await connection.batch([
    {
      text: `update backsaas.versions set state = 'live' where placement_id = $1 and version = $2 and state = 'preparing'`,
      params: [placementId, String(toVersion)],
      prepare: false,
    },
    {
      text: `update backsaas.versions set deprecated_at = clock_timestamp(),
               sunset_at = clock_timestamp() + make_interval(secs => $3::float8 / 1000)
             where placement_id = $1 and version < $2 and state = 'live'`,
      params: [placementId, String(toVersion), String(drainMs)],
      prepare: false,
    },
    insertRow(platform, 'schema_versions', ownerId, row),
    moveInstalls(platform, placementId, fromVersion, toVersion),
    insertEvent(platform, {
      type: 'schema.updated.breaking',
      tenantId: ownerId,
      subject: schemaId,
      data: {
        tenant_id: ownerId,
        schema_id: schemaId,
        old_version: fromVersion,
        new_version: toVersion,
        changes: eventChanges(plan.changes),
      },
    }),
  ])
}

/** The way back: whoever has the new version has the old one again. */
export async function goBack(connection: Connection, platform: Platform, migration: MigrationRow): Promise<void> {
  const { placementId, fromVersion, toVersion } = migration
  await connection.batch([
    {
      text: `update backsaas.versions set deprecated_at = null, sunset_at = null
             where placement_id = $1 and version < $2 and state = 'live'`,
      params: [placementId, String(toVersion)],
      prepare: false,
    },
    moveInstalls(platform, placementId, toVersion, fromVersion),
  ])
}

function moveInstalls(platform: Platform, placementId: string, from: number, to: number): Statement {
  const installs = tableNames(platform, 'installs')
  const [version, placement] = [installs.column('version'), installs.column('placement_id')]
  // Those of still older versions move on too; on the way back only who came.
  const which = to > from ? `${version} < $1` : `${version} = $3`
  return {
    text: `update ${installs.table} set ${version} = $1 where ${placement} = $2 and ${which}`,
    params: to > from ? [String(to), placementId] : [String(to), placementId, String(from)],
    prepare: false,
  }
}
