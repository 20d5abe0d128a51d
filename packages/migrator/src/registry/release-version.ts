/** Versions that serve without being what an install gets: held back until a roll-out has brought them to everybody. */
import type { Connection, Statement } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'

/** How long older versions are promised to serve on, unless something else is said: a day. */
export const DRAIN_MS: number = 24 * 3_600_000

/** The version that an install of the placement has unless something else is said: the newest that serves and is not held back. */
export async function standingVersion(connection: Connection, placementId: string): Promise<number | null> {
  const [row] = await query(
    connection,
    `select max(version)::text from backsaas.versions where placement_id = $1 and state = 'live' and not held`,
    [placementId],
  )
  return row?.[0] ? Number(row[0]) : null
}

/** @param live those that serve, in their order. */
export function versionNotLive(schema: string, version: number, live: readonly number[]): BackSaasError {
  return new BackSaasError('VERSION_NOT_LIVE', 409, `version ${version} of ${schema} does not serve`, {
    hint: `those that do are ${live.join(', ')}`,
    details: { version, live },
  })
}

/** It is the standing version from now on, in every store that has it; those before it are promised to serve for a day. */
export async function releaseVersion(
  connection: Connection,
  { schemaId, toVersion }: { readonly schemaId: string; readonly toVersion: number },
): Promise<void> {
  const rows = await query(
    connection,
    `update backsaas.versions v set held = false from backsaas.placements p
     where p.id = v.placement_id and p.schema_id = $1 and v.version = $2 and v.state <> 'retired' returning p.id::text`,
    [schemaId, String(toVersion)],
  )
  await connection.batch(rows.map(([id]) => deprecateBefore(String(id), toVersion, DRAIN_MS)))
}

/** Tells clients of versions before `version` when they end at the earliest. What one of them was told before holds. */
export function deprecateBefore(placementId: string, version: number, drainMs: number): Statement {
  return {
    text: `update backsaas.versions set deprecated_at = now(), sunset_at = now() + make_interval(secs => $3::float8 / 1000)
           where placement_id = $1 and version < $2 and state = 'live' and deprecated_at is null`,
    params: [placementId, String(version), String(drainMs)],
    prepare: false,
  }
}
