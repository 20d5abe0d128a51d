/**
 * What a migration in another database must not do before home has agreed: there are the installs, the pins and the roll-outs. Home
 * keeps what it has agreed to, so that asking again does no harm.
 */
import { BackSaasError, type Connection, type Database, PLATFORM_PLACEMENT_ID } from '@backsaas/core'
import { migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { type Platform, readPlatform } from '../registry/platform.ts'
import { checkIdentity, readIdentity } from './identity.ts'

/**
 * @param home given by who runs the migration, if it was.
 * @returns home, where the migration is one of another database; null where it is home's, or of the platform's own tables, which every
 *   database has for itself.
 * @throws `HOME_NEEDED` (503) where home was not given.
 */
export function homeOf(database: Database, migrationId: string, home: Database | undefined): Promise<Database | null> {
  return migratorTransaction(database, async (connection) => {
    const { name } = await readIdentity(connection)
    if (name === null) return null
    const [row] = await query(connection, 'select placement_id::text from backsaas.migrations where id = $1', [
      migrationId,
    ])
    if (row?.[0] === PLATFORM_PLACEMENT_ID) return null
    if (home) {
      await migratorTransaction(home, async (there) => checkIdentity(connection, await readIdentity(there), name))
      return home
    }
    throw new BackSaasError(
      'HOME_NEEDED',
      503,
      `the registry of the database ${JSON.stringify(name)} is in another one`,
      {
        hint: 'give both: DATABASE_URL is that of the registry, BACKSAAS_DATABASES has the others',
      },
    )
  })
}

/** One transaction at home. */
export function atHome<T>(
  home: Database,
  work: (connection: Connection, platform: Platform) => Promise<T>,
): Promise<T> {
  return migratorTransaction(home, async (connection) => work(connection, await readPlatform(connection)))
}
