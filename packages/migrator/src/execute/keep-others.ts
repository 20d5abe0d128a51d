/**
 * What the frozen steps of a migration take away or set back, though another version needs it that was published over it, or that it was
 * published over: made anew from the versions that serve, in the same transaction.
 */
import type { Connection } from '@backsaas/core'
import { readRoles } from '../bootstrap/read-roles.ts'
import { dropComputed, keepComputed } from '../plan/computed.ts'
import { type IndexPlan, versionIndexes } from '../plan/indexes.ts'
import { createNames } from '../plan/names.ts'
import { syncsOf } from '../plan/plan-over.ts'
import { keptVersions } from '../plan/plan-version.ts'
import { qualified } from '../plan/quote.ts'
import { createSync } from '../plan/sync-trigger.ts'
import type { LiveVersion, MigrationVersions } from '../plan/waiting-migration.ts'
import { readCompiled, readMapping } from '../registry/platform.ts'
import type { MigrationRow } from './migration-row.ts'
import { query, runDdl } from './migrator-transaction.ts'
import { computedFunctions, syncFunctions, takenNames } from './read-store.ts'

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

/** Runs the statements of a contract, or of the way back; what other versions have in the same tables stays. */
export async function runKeepingOthers(
  connection: Connection,
  migration: MigrationRow,
  { tables, statements }: { readonly tables: readonly string[]; readonly statements: readonly string[] },
): Promise<void> {
  const { placementId, toVersion, plan } = migration
  const served = await servedVersions(connection, placementId)
  if (plan.over === undefined && !served.some(({ version }) => version > toVersion)) {
    await runDdl(connection, statements)
    return
  }
  const pgSchema = plan.mapping.schema
  const touched = physicalTables(served).filter((table) => tables.includes(qualified(pgSchema, table)))
  const before = await computedFunctions(connection, pgSchema)
  await runDdl(connection, statements)
  await runDdl(connection, await keepComputedFields(connection, pgSchema, touched, { served, before }))
  await runDdl(connection, await keepInStep(connection, migration, touched))
}

async function keepComputedFields(
  connection: Connection,
  pgSchema: string,
  tables: readonly string[],
  { served, before }: { readonly served: readonly LiveVersion[]; readonly before: ReadonlyMap<string, string> },
): Promise<string[]> {
  const after = await computedFunctions(connection, pgSchema)
  const names = createNames(await takenNames(connection, pgSchema))
  const roles = await readRoles(connection)
  return tables.flatMap((table) => {
    const name = after.get(table) ?? before.get(table)
    const kept = keepComputed(keptVersions(served, table), pgSchema, roles, () => name ?? names(`${table}_computed`))
    return kept.length > 0 || name === undefined ? kept : dropComputed(pgSchema, table, name)
  })
}

/** The trigger was one for all, and has gone: the others have theirs again. */
async function keepInStep(
  connection: Connection,
  { id, placementId, plan }: MigrationRow,
  tables: readonly string[],
): Promise<string[]> {
  const pgSchema = plan.mapping.schema
  const standing = await syncFunctions(connection, pgSchema)
  const syncs = syncsOf(await otherMigrations(connection, placementId, id))
  const names = createNames(await takenNames(connection, pgSchema))
  const roles = await readRoles(connection)
  return tables.flatMap((table) => {
    const wanted = syncs.get(table)
    if (!wanted || standing.has(table)) return []
    const functionName = names(`${table}_sync`)
    return createSync(wanted, { pgSchema, table, functionName, placementId, roles, migrator: roles.migrator })
  })
}

/** Those that are not over: while this one changes something, they wait. */
async function otherMigrations(connection: Connection, placementId: string, id: string): Promise<MigrationVersions[]> {
  const rows = await query(
    connection,
    `select m.to_version::text, f.compiled, f.mapping, t.compiled, t.mapping from backsaas.migrations m
     join backsaas.versions f on f.placement_id = m.placement_id and f.version = m.from_version
     join backsaas.versions t on t.placement_id = m.placement_id and t.version = m.to_version
     where m.placement_id = $1 and m.id <> $2 and m.phase not in ('done', 'rolled_back') order by m.to_version`,
    [placementId, id],
  )
  return rows.map(([version, compiled, mapping, toCompiled, toMapping]) => ({
    toVersion: Number(version),
    before: { compiled: readCompiled(compiled), mapping: readMapping(mapping) },
    after: { compiled: readCompiled(toCompiled), mapping: readMapping(toMapping) },
  }))
}

function physicalTables(versions: readonly LiveVersion[]): string[] {
  const all = versions.flatMap(({ mapping }) => Object.values(mapping.entities).map(({ table }) => table))
  return [...new Set(all)]
}

/** The indexes that later versions declare: one that this version does not may be one of theirs, or begin with one. */
export async function laterIndexes(
  connection: Connection,
  { placementId, toVersion }: MigrationRow,
): Promise<IndexPlan[]> {
  const later = (await servedVersions(connection, placementId)).filter(({ version }) => version > toVersion)
  return later.flatMap(({ compiled, mapping }) => versionIndexes(compiled, mapping))
}
