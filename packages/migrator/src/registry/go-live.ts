/** The turn of a migration: the new version serves beside the old ones, and installs move to it; or the way back. */
import type { Connection } from '@backsaas/core'
import type { MigrationRow } from '../execute/migration-row.ts'
import { insertEvent } from './event.ts'
import { eventChanges } from './event-changes.ts'
import { moveInstalls } from './move-installs.ts'
import { insertRow, type Platform } from './platform.ts'
import { deprecateBefore } from './release-version.ts'

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
  const { placementId, schemaId, ownerId, fromVersion, toVersion, plan, follows } = migration
  const [found] = await connection.batch([
    {
      // Whether it is held back may have changed since it was asked for: a roll-out that is over releases it in every store.
      text: 'select hash, held::text from backsaas.versions where placement_id = $1 and version = $2 for update',
      params: [placementId, String(toVersion)],
      prepare: false,
    },
  ])
  const row = {
    schema_id: schemaId,
    version: String(toVersion),
    hash: found?.rows[0]?.[0] ?? '',
    source: migration.source,
  }
  const told = insertEvent(platform, {
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
  })
  await connection.batch([
    {
      text: `update backsaas.versions set state = 'live' where placement_id = $1 and version = $2 and state = 'preparing'`,
      params: [placementId, String(toVersion)],
      prepare: false,
    },
    ...(follows ? [] : [insertRow(platform, 'schema_versions', ownerId, row), told]),
    ...(found?.rows[0]?.[1] === 'true'
      ? []
      : [deprecateBefore(placementId, toVersion, drainMs), moveInstalls(platform, placementId, toVersion)]),
  ])
}

/** The way back: whoever has the new version has the old one again. */
export async function goBack(connection: Connection, platform: Platform, migration: MigrationRow): Promise<void> {
  const { placementId, fromVersion, toVersion } = migration
  await connection.batch([
    {
      // Those that were on their way out before are so still.
      text: `update backsaas.versions set deprecated_at = null, sunset_at = null
             where placement_id = $1 and version < $2 and state = 'live'
               and deprecated_at = (select deprecated_at from backsaas.versions where placement_id = $1 and version = $3)`,
      params: [placementId, String(toVersion), String(fromVersion)],
      prepare: false,
    },
    moveInstalls(platform, placementId, fromVersion, toVersion),
  ])
}
