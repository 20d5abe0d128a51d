/** What a migration is not taken back for: said when it is asked for, and before anything is done. */
import type { Connection } from '@backsaas/core'
import { arrayText, BackSaasError } from '@backsaas/core'
import { namePinned, pinnedJson, samplePins } from '../pins/read-pins.ts'
import type { Platform } from '../registry/platform.ts'
import { readOpen } from '../registry/standing.ts'
import { refuseOpenRollout } from '../rollouts/rollout-row.ts'
import { followers } from '../stores/ask-stores-back.ts'
import type { MigrationRow } from './migration-row.ts'
import { query } from './migrator-transaction.ts'
import { isContracting } from './withdrawn-contract.ts'

/**
 * Asked when it is wanted, and again in the transaction that turns back: either may be long before the other.
 *
 * @throws `ROLLBACK_TOO_LATE`, `ROLLOUT_OPEN`, `ROLLBACK_BUILT_UPON`, `MIGRATION_OPEN`, `INSTALLS_PINNED` (409).
 */
export async function refuseRollback(
  connection: Connection,
  platform: Platform,
  migration: MigrationRow,
): Promise<void> {
  refuseBegun(migration)
  const others = await followers(connection, migration)
  await refuseBegunElsewhere(connection, migration, others)
  // Who has moved in waves goes back in waves.
  await refuseOpenRollout(connection, platform, migration.placementId)
  await refuseBuiltUpon(connection, migration)
  await refuseBetween(connection, migration)
  for (const placementId of [migration.placementId, ...others])
    await refusePinned(connection, platform, { ...migration, placementId })
}

/** A contract that was asked for and waits has taken nothing away yet. */
function refuseBegun(migration: MigrationRow): void {
  if (isContracting(migration)) throw tooLate(migration.schema)
}

/** A store contracts after the default one, unless somebody has ended it there by hand. @param placements those that follow. */
async function refuseBegunElsewhere(
  connection: Connection,
  { schema, toVersion }: MigrationRow,
  placements: readonly string[],
): Promise<void> {
  if (placements.length === 0) return
  // One that never had an older version has nothing to go back to, which is another matter.
  const [row] = await query(
    connection,
    `select p.id::text from backsaas.placements p join backsaas.versions v on v.placement_id = p.id and v.version < $2
     where p.id = any ($1::uuid[]) group by p.id having bool_and(v.state = 'retired') limit 1`,
    [arrayText(placements), String(toVersion)],
  )
  if (row) throw tooLate(schema)
}

function tooLate(schema: string): BackSaasError {
  return new BackSaasError(
    'ROLLBACK_TOO_LATE',
    409,
    `what the older version of ${schema} needs is being taken away, or is gone`,
    {
      hint: 'publish the older document as a new version: the way back is a migration like any other',
    },
  )
}

/** Who is pinned to the new version keeps it. @throws `INSTALLS_PINNED` (409). */
async function refusePinned(
  connection: Connection,
  platform: Platform,
  { placementId, toVersion, schema }: MigrationRow,
): Promise<void> {
  const pinned = await samplePins(connection, platform, { placementId, exactly: toVersion })
  const [first] = pinned.samples
  if (!first) return
  const message = `version ${toVersion} of ${schema} is held by pinned installs: ${namePinned(pinned)}`
  throw new BackSaasError('INSTALLS_PINNED', 409, message, {
    hint: `unpin them first: \`backsaas unpin ${first.tenant} ${first.profile}\``,
    details: pinnedJson(pinned),
  })
}

/** @throws `ROLLBACK_BUILT_UPON` (409) where a newer version stands on this one. */
async function refuseBuiltUpon(
  connection: Connection,
  { placementId, toVersion, schema }: MigrationRow,
): Promise<void> {
  const [row] = await query(
    connection,
    `select v.version::text, exists (select from backsaas.migrations m where m.placement_id = $1 and m.to_version = v.version)::text
     from backsaas.versions v where placement_id = $1 and version > $2 and state <> 'retired' order by v.version desc limit 1`,
    [placementId, String(toVersion)],
  )
  if (!row) return
  const [version, isMigrated] = row
  throw new BackSaasError('ROLLBACK_BUILT_UPON', 409, `version ${version} of ${schema} builds on this one`, {
    hint:
      isMigrated === 'true'
        ? `take that one back first: \`backsaas rollback ${schema}\``
        : 'a version that was published at once is not taken back: publish what should be as a newer version, or go on to the contract',
    details: { to_version: toVersion, newest: Number(version) },
  })
}

/** @throws `MIGRATION_OPEN` (409) where another migration of the schema is between its versions: the one before contracts, or the one after goes back. */
async function refuseBetween(connection: Connection, { id, placementId, schema }: MigrationRow): Promise<void> {
  const other = (await readOpen(connection, placementId)).find((one) => one.id !== id && !one.isWaiting)
  if (!other) return
  const message = `the migration of ${schema} to version ${other.toVersion} is under way (${other.phase})`
  throw new BackSaasError('MIGRATION_OPEN', 409, message, {
    hint: 'ask again when it is over',
    details: { migration_id: other.id, phase: other.phase, to_version: other.toVersion },
  })
}
