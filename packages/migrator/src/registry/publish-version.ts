/** Publishes a version of a schema and places it in a store: names, DDL, registry rows and event in one transaction. */
import type { CompiledSchema, Connection, JsonObject, Statement } from '@backsaas/core'
import { BackSaasError, DatabaseError } from '@backsaas/core'
import { readRoles } from '../bootstrap/read-roles.ts'
import { storeSchema } from '../bootstrap/store-schema.ts'
import { EXCLUSIVE, runDdl } from '../execute/migrator-transaction.ts'
import { computedFunctions, crowdedTables, takenNames } from '../execute/read-store.ts'
import { valueless } from '../execute/valueless.ts'
import type { Change } from '../plan/diff.ts'
import { assignIds } from '../plan/identity.ts'
import { planVersion, tablesToFill, type VersionPlan } from '../plan/plan-version.ts'
import { refuseOpenRollout } from '../rollouts/rollout-row.ts'
import { openDelivery } from '../stores/delivery-row.ts'
import { refuseReturning } from '../stores/refuse-returning.ts'
import { insertEvent } from './event.ts'
import { compatibleEventChanges } from './event-changes.ts'
import { moveInstalls } from './move-installs.ts'
import { insertRow, type Platform, readCompiled, readPlatform } from './platform.ts'
import { readWaiting } from './read-waiting.ts'
import { DRAIN_MS, deprecateBefore } from './release-version.ts'
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

export type { Publication } from './standing.ts'

export interface Published {
  readonly version: number
  /** False where this very content is live already. */
  readonly created: boolean
  /** The newest live version, which installs have: later than `version` where the content is that of an earlier one. */
  readonly newest: number
  readonly schemaId: string
  readonly placementId: string
  /** From the live version before; empty for a first one, and where nothing was done. */
  readonly changes: readonly Change[]
  readonly platform: Platform
}

/**
 * Publishes inside the caller's transaction. All installs of the schema but pinned ones move to the new version; the versions before
 * stay live for whoever still serves them. Content that is live already, be it of an earlier version, changes nothing.
 *
 * A migration that waits for its contract is published over.
 *
 * @throws `NEEDS_MIGRATION` (409) where a change is not compatible with the live version; `MIGRATION_OPEN` (409) where a migration is
 *   on its way, or what it keeps for older versions is not to be changed yet; `VERSION_CONFLICT` (409) where
 *   the document or the publisher expects another version; `FILL_FAILED` (409) where a stored computed field has no value for some row.
 */
export async function publishVersion(connection: Connection, publication: Publication): Promise<Published> {
  await connection.batch([EXCLUSIVE])
  const standing = await readStanding(connection, publication)
  const { schemaId, placementId } = standing
  const place = { schemaId, placementId }
  const live = standing.versions.findLast((version) => version.live)
  const same = standing.versions.findLast((one) => one.live && one.hash === publication.compiled.hash)
  const { follow } = publication
  const version = follow?.version ?? (standing.versions.at(-1)?.version ?? 0) + 1
  if (!follow) checkExpected(publication.compiled, same?.version ?? version)
  if (live && same && !follow) {
    const platform = await readPlatform(connection)
    const isNew = await storeDecisions(connection, placementId, same, publication.compiled)
    const again = { ownerId: publication.ownerId, schemaId, schema: publication.compiled.name, version: same.version }
    if (isNew && !publication.fixed) await openDelivery(connection, platform, again, publication.delivery)
    return { version: same.version, created: false, newest: live.version, changes: [], ...place, platform }
  }
  refuseMoving(publication.compiled, standing)
  if (!publication.fixed) {
    const platform = await readPlatform(connection)
    await refuseOpenRollout(connection, platform, placementId)
    await refuseReturning(connection, platform, schemaId)
  }
  checkBase(publication, version - 1)
  const planned = await planPublication(connection, publication, standing, live)
  // The platform's rows are written as its newest version has them, which may be this one. Of others the locks come last: nothing holds
  // up who writes their tables while thousands of installs move.
  if (publication.fixed) await changeTables(connection, planned)
  await placeVersion(connection, publication, standing, version, planned, live)
  const { changes } = planned
  const platform = await readPlatform(connection)
  if (!follow)
    await recordVersion(connection, publication, standing, { version, platform, changes, old: live?.version })
  else if (!isHeld(publication, live)) await connection.batch(moveAll(platform, standing, version))
  if (!publication.fixed) await changeTables(connection, planned)
  return { version, created: true, newest: version, changes, ...place, platform }
}

/**
 * What rules come to is no part of the content: it may be new, or made by a newer plugin. Runtimes that serve keep theirs.
 *
 * @returns whether it is another.
 */
async function storeDecisions(
  connection: Connection,
  placementId: string,
  { version, compiled }: StandingVersion,
  { decisions }: CompiledSchema,
): Promise<boolean> {
  const stored = readCompiled(compiled)
  if (!decisions || JSON.stringify(stored.decisions) === JSON.stringify(decisions)) return false
  const row = [JSON.stringify({ ...stored, decisions }), placementId, String(version)]
  const text = 'update backsaas.versions set compiled = $1 where placement_id = $2 and version = $3'
  await connection.batch([{ text, params: row }])
  return true
}

/** What publishing at once comes to. */
export interface PlannedVersion extends VersionPlan {
  readonly compiled: CompiledSchema
  /** `entity.field` of stored computed fields that rows there are get. */
  readonly filled: readonly string[]
}

/** Reads what the plan needs; writes nothing. @param live the version before; none for a first one. @throws what `planVersion` throws. */
export async function planPublication(
  connection: Connection,
  { compiled: given, storeId, naming, follow }: Publication,
  standing: Standing,
  live: StandingVersion | undefined,
): Promise<PlannedVersion> {
  const pgSchema = storeSchema(storeId)
  const previous = live ? readCompiled(live.compiled) : null
  const compiled = follow ? given : assignIds(given, previous, highestEver(standing.versions))
  const filled = tablesToFill(compiled, previous, live?.mapping)
  const plan = planVersion(compiled, previous, {
    pgSchema,
    roles: await readRoles(connection),
    naming,
    taken: await takenNames(connection, pgSchema),
    history: standing.versions.map((old) => old.mapping),
    ...(live && { previous: live.mapping }),
    live: liveVersions(standing.versions),
    waiting: await readWaiting(connection, standing),
    functions: await computedFunctions(connection, pgSchema),
    crowded: await crowdedTables(
      connection,
      pgSchema,
      filled.map(({ table }) => table),
    ),
  })
  return { ...plan, compiled, filled: filled.flatMap((one) => one.fields.map((field) => `${one.entity}.${field}`)) }
}

/** @throws `FILL_FAILED` (409). */
async function changeTables(connection: Connection, { statements, filled }: PlannedVersion): Promise<void> {
  await runDdl(connection, statements).catch((error: unknown) => throwFillFailed(error, filled))
}

/** The rows by which runtimes find the version. */
async function placeVersion(
  connection: Connection,
  publication: Publication,
  standing: Standing,
  version: number,
  { compiled, mapping }: PlannedVersion,
  live: StandingVersion | undefined,
): Promise<void> {
  const place = {
    text: `insert into backsaas.placements (id, store_id, schema_id, schema_name, pg_schema) values ($1, $2, $3, $4, $5)`,
    params: [standing.placementId, publication.storeId, standing.schemaId, compiled.name, mapping.schema],
  }
  const row = [String(version), compiled.hash, JSON.stringify(compiled), JSON.stringify(mapping)]
  await connection.batch([
    ...(standing.placementIsNew ? [place] : []),
    {
      text: `insert into backsaas.versions (placement_id, version, state, hash, compiled, mapping, held)
             values ($1, $2, 'live', $3, $4, $5, $6::bool)`,
      params: [standing.placementId, ...row, String(isHeld(publication, live))],
    },
  ])
}

/** A row that is there may have no value: the expression raises an error, or the value is out of the field's bounds. */
function throwFillFailed(cause: unknown, fields: readonly string[]): never {
  if (!(cause instanceof DatabaseError) || !/^(22|23514)/.test(cause.fields.sqlState) || fields.length === 0)
    throw cause
  const message = `${fields.join(', ')} cannot be worked out for all rows there are: ${valueless(cause)}`
  throw new BackSaasError('FILL_FAILED', 409, message, {
    hint: 'guard the expression (`n == 0 ? null : total / n`), or correct the rows first; nothing was changed',
    cause,
  })
}

/** A first version is nobody's but those who install it. */
function isHeld({ hold }: Publication, before: unknown): boolean {
  return hold === true && before !== undefined
}

/** Versions before the last migration are on their way out, though its own version may have been held back until now. */
function moveAll(platform: Platform, { placementId, open }: Standing, version: number): Statement[] {
  const move = moveInstalls(platform, placementId, version)
  const last = open.at(-1)
  return last ? [deprecateBefore(placementId, last.toVersion, DRAIN_MS), move] : [move]
}

interface NewVersion {
  readonly version: number
  readonly platform: Platform
  readonly changes: readonly Change[]
  /** The live version before, where there is one. */
  readonly old: number | undefined
}

/** The registry's rows and the event; written under the platform's newest mapping, which may be this very version. */
async function recordVersion(
  connection: Connection,
  publication: Publication,
  standing: Standing,
  { version, platform, changes, old }: NewVersion,
): Promise<void> {
  const { compiled, ownerId, source } = publication
  const { schemaId } = standing
  const { decisions: _, ...spec } = compiled
  const row = { schema_id: schemaId, version: String(version), hash: compiled.hash, source }
  const schema = { id: schemaId, name: compiled.name, description: compiled.description ?? null }
  const whose = { tenantId: ownerId, subject: schemaId }
  const named = { tenant_id: ownerId, schema_id: schemaId }
  const event =
    old === undefined
      ? insertEvent(platform, {
          ...whose,
          type: 'schema.created',
          data: { ...named, version, spec: JSON.parse(JSON.stringify(spec)) as JsonObject },
        })
      : insertEvent(platform, {
          ...whose,
          type: 'schema.updated.compatible',
          data: { ...named, old_version: old, new_version: version, changes: compatibleEventChanges(changes) },
        })
  await connection.batch([
    ...(standing.schemaIsNew ? [insertRow(platform, 'schemas', ownerId, schema)] : []),
    insertRow(platform, 'schema_versions', ownerId, row),
    ...(isHeld(publication, old) ? [] : moveAll(platform, standing, version)),
    event,
  ])
  await openDelivery(connection, platform, { ownerId, schemaId, schema: compiled.name, version }, publication.delivery)
}
