/**
 * What the frozen steps of a migration take away or set back, though a version that was published over it needs it: made anew from the
 * versions that serve, in the same transaction.
 */
import type { Connection } from '@backsaas/core'
import { readRoles } from '../bootstrap/read-roles.ts'
import { dropComputed, keepComputed } from '../plan/computed.ts'
import { type IndexPlan, versionIndexes } from '../plan/indexes.ts'
import { createNames } from '../plan/names.ts'
import { keptVersions } from '../plan/plan-version.ts'
import { qualified } from '../plan/quote.ts'
import type { LiveVersion } from '../plan/waiting-migration.ts'
import { readCompiled, readMapping } from '../registry/platform.ts'
import type { MigrationRow } from './migration-row.ts'
import { query, runDdl } from './migrator-transaction.ts'
import { computedFunctions, takenNames } from './read-store.ts'

type Placed = Pick<MigrationRow, 'placementId' | 'toVersion'>

interface ServedVersion extends LiveVersion {
  readonly version: number
}

async function servedVersions(connection: Connection, placementId: string): Promise<ServedVersion[]> {
  const rows = await query(
    connection,
    `select v.version::text, compiled, mapping from backsaas.versions v where placement_id = $1 and state = 'live' order by v.version`,
    [placementId],
  )
  return rows.map(([version, compiled, mapping]) => ({
    version: Number(version),
    compiled: readCompiled(compiled),
    mapping: readMapping(mapping),
  }))
}

/** Runs the statements of a contract; what later versions have in the same tables stays. */
export async function runKeepingLater(
  connection: Connection,
  { placementId, toVersion, plan }: Placed & Pick<MigrationRow, 'plan'>,
  { tables, statements }: { readonly tables: readonly string[]; readonly statements: readonly string[] },
): Promise<void> {
  const served = await servedVersions(connection, placementId)
  if (!served.some(({ version }) => version > toVersion)) {
    await runDdl(connection, statements)
    return
  }
  const pgSchema = plan.mapping.schema
  const before = await computedFunctions(connection, pgSchema)
  await runDdl(connection, statements)
  const after = await computedFunctions(connection, pgSchema)
  const names = createNames(await takenNames(connection, pgSchema))
  const roles = await readRoles(connection)
  const touched = physicalTables(served).filter((table) => tables.includes(qualified(pgSchema, table)))
  for (const table of touched) {
    const name = after.get(table) ?? before.get(table)
    const kept = keepComputed(keptVersions(served, table), pgSchema, roles, () => name ?? names(`${table}_computed`))
    await runDdl(connection, kept.length > 0 || name === undefined ? kept : dropComputed(pgSchema, table, name))
  }
}

function physicalTables(versions: readonly LiveVersion[]): string[] {
  const all = versions.flatMap(({ mapping }) => Object.values(mapping.entities).map(({ table }) => table))
  return [...new Set(all)]
}

/** The indexes that later versions declare: one that this version does not may be one of theirs, or begin with one. */
export async function laterIndexes(connection: Connection, { placementId, toVersion }: Placed): Promise<IndexPlan[]> {
  const later = (await servedVersions(connection, placementId)).filter(({ version }) => version > toVersion)
  return later.flatMap(({ compiled, mapping }) => versionIndexes(compiled, mapping))
}
