/** Plans a breaking change against what stands, and writes the plan down as a migration that is to be run. */
import type { Connection } from '@backsaas/core'
import { arrayText, invariant, uuidv7 } from '@backsaas/core'
import { readRoles } from '../bootstrap/read-roles.ts'
import { storeSchema } from '../bootstrap/store-schema.ts'
import { tellRequested } from '../execute/events.ts'
import { EXCLUSIVE, query } from '../execute/migrator-transaction.ts'
import { computedFunctions, crowdedTables, syncFunctions, takenNames } from '../execute/read-store.ts'
import { type Change, diffSchemas } from '../plan/diff.ts'
import { assignIds } from '../plan/identity.ts'
import { planMigration } from '../plan/plan-migration.ts'
import { tablesToFill } from '../plan/plan-version.ts'
import type { MigrationPlan } from '../plan/steps.ts'
import { refuseOpenRollout } from '../rollouts/rollout-row.ts'
import { openDelivery } from '../stores/delivery-row.ts'
import { refuseReturning } from '../stores/refuse-returning.ts'
import { readCompiled, readPlatform } from './platform.ts'
import { planPublication } from './publish-version.ts'
import { readWaiting } from './read-waiting.ts'
import {
  checkBase,
  checkExpected,
  highestEver,
  liveVersions,
  type Publication,
  readStanding,
  refuseMoving,
  type Standing,
  type StandingVersion,
} from './standing.ts'

export interface Preview {
  /** Null where the schema is new: then there is nothing to migrate. */
  readonly before: number | null
  readonly changes: readonly Change[]
  /** Null where all changes are compatible, and are published at once. */
  readonly plan: MigrationPlan | null
  /** Of what is published at once: in one transaction. Empty where there is a plan, or nothing to be done in tables. */
  readonly statements: readonly string[]
}

/** What publishing this would do; writes nothing. Inside the caller's transaction. */
export async function previewMigration(connection: Connection, publication: Publication): Promise<Preview> {
  const standing = await readStanding(connection, publication)
  const live = standing.versions.findLast((version) => version.live)
  const changes = live ? diffSchemas(readCompiled(live.compiled), publication.compiled) : []
  const before = live?.version ?? null
  const breaks = changes.some((change) => change.class === 'breaking' || change.choices)
  if (live && (breaks || (await fillsCrowded(connection, publication, live)))) {
    const { plan } = await planFor(connection, publication, standing)
    return { before, changes, plan, statements: [] }
  }
  const isThere = standing.versions.some((one) => one.live && one.hash === publication.compiled.hash)
  const { statements } = isThere ? { statements: [] } : await planPublication(connection, publication, standing, live)
  return { before, changes, plan: null, statements }
}

/** Whether a stored computed field would have to be worked out for too many rows under a lock. */
async function fillsCrowded(
  connection: Connection,
  { compiled, storeId }: Publication,
  live: StandingVersion,
): Promise<boolean> {
  const tables = tablesToFill(compiled, readCompiled(live.compiled), live.mapping).map(({ table }) => table)
  return (await crowdedTables(connection, storeSchema(storeId), tables)).size > 0
}

/**
 * Writes the migration down, in the caller's transaction: its row with the frozen plan, the version that it makes (not live), and the
 * event `schema.migration.requested`.
 *
 * @throws `MIGRATION_OPEN` (409); `VERSION_CONFLICT` (409); what `planMigration` throws.
 */
export async function requestMigration(
  connection: Connection,
  publication: Publication,
): Promise<{ readonly id: string; readonly placementId: string; readonly plan: MigrationPlan }> {
  await connection.batch([EXCLUSIVE])
  const standing = await readStanding(connection, publication)
  refuseMoving(publication.compiled, standing)
  const platform = await readPlatform(connection)
  if (!publication.fixed) {
    await refuseOpenRollout(connection, platform, standing.placementId)
    await refuseReturning(connection, platform, standing.schemaId)
  }
  checkBase(publication, standing.versions.at(-1)?.version ?? 0)
  const { plan, compiled } = await planFor(connection, publication, standing)
  if (!publication.follow) checkExpected(publication.compiled, plan.toVersion)
  const id = uuidv7()
  const { placementId, schemaId } = standing
  const { ownerId, source } = publication
  const holds = String(publication.hold === true)
  const version = [String(plan.toVersion), compiled.hash, JSON.stringify(compiled), JSON.stringify(plan.mapping)]
  const row = [id, placementId, schemaId, ownerId, compiled.name, String(plan.fromVersion), String(plan.toVersion)]
  const migration = {
    id,
    ownerId,
    schemaId,
    schema: compiled.name,
    fromVersion: plan.fromVersion,
    toVersion: plan.toVersion,
    store: publication.follow?.store ?? null,
  }
  await connection.batch([
    {
      text: `insert into backsaas.versions (placement_id, version, state, hash, compiled, mapping, held)
             values ($1, $2, 'preparing', $3, $4, $5, $6::bool)`,
      params: [placementId, ...version, holds],
      prepare: false,
    },
    {
      text: `insert into backsaas.migrations
               (id, placement_id, schema_id, owner_id, schema_name, from_version, to_version, plan, plan_hash, token, source, holds, follows, store)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::bool, $13::bool, $14)`,
      params: [
        ...row,
        JSON.stringify(plan),
        plan.hash,
        plan.token,
        source,
        holds,
        String(publication.follow !== undefined),
        migration.store,
      ],
      prepare: false,
    },
    tellRequested(platform, migration),
  ])
  if (!publication.follow && !publication.fixed) {
    const version = { ownerId, schemaId, schema: compiled.name, version: plan.toVersion }
    await openDelivery(connection, platform, version, publication.delivery)
  }
  return { id, placementId, plan }
}

async function planFor(connection: Connection, publication: Publication, standing: Standing) {
  const live = standing.versions.findLast((version) => version.live)
  invariant(live, 'a migration begins at a live version')
  const previous = readCompiled(live.compiled)
  const withIds = hasIds(previous) ? previous : assignIds(previous, null)
  const { follow } = publication
  const compiled = follow
    ? publication.compiled
    : assignIds(publication.compiled, withIds, highestEver(standing.versions))
  const pgSchema = storeSchema(publication.storeId)
  const roles = await readRoles(connection)
  const plan = planMigration(compiled, withIds, {
    pgSchema,
    roles,
    migrator: roles.migrator,
    naming: publication.naming,
    taken: await takenNames(connection, pgSchema),
    history: standing.versions.map((version) => version.mapping),
    previous: live.mapping,
    live: liveVersions(standing.versions),
    waiting: await readWaiting(connection, standing),
    functions: await computedFunctions(connection, pgSchema),
    syncFunctions: await syncFunctions(connection, pgSchema),
    crowded: new Set(),
    rows: await estimatedRows(
      connection,
      pgSchema,
      Object.values(live.mapping.entities).map(({ table }) => table),
    ),
    fromVersion: live.version,
    toVersion: follow?.version ?? (standing.versions.at(-1)?.version ?? 0) + 1,
    placementId: standing.placementId,
  })
  return { plan, compiled }
}

function hasIds({ entities }: { readonly entities: Readonly<Record<string, { readonly id?: number }>> }): boolean {
  return Object.values(entities).every(({ id }) => id !== undefined)
}

/** As the catalogue has them: exact enough for an estimate, and free. */
async function estimatedRows(
  connection: Connection,
  pgSchema: string,
  tables: readonly string[],
): Promise<Map<string, number>> {
  const rows = await query(
    connection,
    `select c.relname::text, greatest(c.reltuples, 0)::bigint::text from pg_class c
     where c.relnamespace = $1::regnamespace and c.relname = any ($2::text[])`,
    [`"${pgSchema}"`, arrayText(tables)],
  )
  return new Map(rows.map(([table, count]) => [String(table), Number(count)]))
}
