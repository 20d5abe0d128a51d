/** Takes a version back that was compatible in a store, where in the default store it took a migration: its columns stay, unused. */
import { BackSaasError, type Connection, type Database } from '@backsaas/core'
import { EXCLUSIVE, migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { markRetired } from '../execute/retire-versions.ts'
import { namePinned, samplePins } from '../pins/read-pins.ts'
import { moveInstalls } from '../registry/move-installs.ts'
import { type Platform, tableNames } from '../registry/platform.ts'
import { refuseOpenRollout } from '../rollouts/rollout-row.ts'
import { atHome } from './at-home.ts'
import type { Place } from './bring-version.ts'

/** Where nothing older serves there is nothing to go back to. @throws `STORE_BEGAN_WITH_IT` (409). */
async function refuseInstalled(
  connection: Connection,
  platform: Platform,
  placementId: string,
  version: number,
): Promise<void> {
  const i = tableNames(platform, 'installs')
  const [row] = await query(connection, `select 1 from ${i.table} where ${i.column('placement_id')} = $1 limit 1`, [
    placementId,
  ])
  if (!row) return
  throw new BackSaasError('STORE_BEGAN_WITH_IT', 409, `a store has had version ${version} from its beginning`, {
    hint: 'its tenants have no older version to go back to: uninstall it there first',
  })
}

/** @throws `ROLLOUT_OPEN`, `INSTALLS_PINNED`, `STORE_BEGAN_WITH_IT` (409). */
export async function withdraw(
  home: Database,
  database: Database,
  { placementId }: Place,
  version: number,
): Promise<void> {
  const close = async (connection: Connection, platform: Platform): Promise<void> => {
    await connection.batch([EXCLUSIVE])
    await refuseOpenRollout(connection, platform, placementId)
    const [row] = await query(
      connection,
      `select max(version)::text from backsaas.versions where placement_id = $1 and version < $2 and state = 'live'`,
      [placementId, String(version)],
    )
    const pinned = await samplePins(connection, platform, { placementId, exactly: version })
    if (pinned.count > 0) {
      throw new BackSaasError(
        'INSTALLS_PINNED',
        409,
        `version ${version} is held by pinned installs: ${namePinned(pinned)}`,
        {
          hint: 'unpin them: it goes on by itself',
        },
      )
    }
    if (row?.[0]) await connection.batch([moveInstalls(platform, placementId, Number(row[0]), version)])
    else await refuseInstalled(connection, platform, placementId, version)
    await markRetired(connection, placementId, { exactly: version })
  }
  await atHome(home, close)
  if (database === home) return
  await migratorTransaction(database, (connection) => markRetired(connection, placementId, { exactly: version }))
}
