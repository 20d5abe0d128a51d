/** Takes a version back that was compatible in a store, where in the default store it took a migration: its columns stay, unused. */
import type { Connection, Database } from '@backsaas/core'
import { EXCLUSIVE, migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { markRetired } from '../execute/retire-versions.ts'
import { moveInstalls } from '../registry/move-installs.ts'
import type { Platform } from '../registry/platform.ts'
import { refuseOpenRollout } from '../rollouts/rollout-row.ts'
import { atHome } from './at-home.ts'
import type { Place } from './bring-version.ts'

/** @throws `ROLLOUT_OPEN` (409). */
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
    if (row?.[0]) await connection.batch([moveInstalls(platform, placementId, Number(row[0]), version)])
    await markRetired(connection, placementId, { exactly: version })
  }
  await atHome(home, close)
  if (database === home) return
  await migratorTransaction(database, (connection) => markRetired(connection, placementId, { exactly: version }))
}
