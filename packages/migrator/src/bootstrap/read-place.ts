/** Which database of which platform one is, for who works in any of them: what keeps a URL that was mixed up from doing harm. */
import { BackSaasError, type Connection, type Database } from '@backsaas/core'
import { MIGRATOR_SCOPE, migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { type Identity, readIdentity, refuseTaken } from '../stores/identity.ts'

/** @returns null where it is not set up, or was before databases had names. */
export async function readPlace(connection: Connection): Promise<Identity | null> {
  const [found] = await query(connection, `select to_regclass('backsaas.identity')::text`)
  return found?.[0] ? readIdentity(connection) : null
}

/** The same of a database where nothing may be set up yet. @throws `DatabaseError` where it cannot be reached. */
export function placeOf(database: Database): Promise<Identity | null> {
  return readPlace(database.open(MIGRATOR_SCOPE, 'owner'))
}

/**
 * Before a database is set up under a name: it may be somebody else's.
 *
 * @throws `DATABASE_TAKEN` (409); `DatabaseError` where one of the two cannot be reached.
 */
export async function refuseTakenAs(name: string, database: Database, home: Database): Promise<void> {
  const connection = database.open(MIGRATOR_SCOPE, 'owner')
  const found = await readPlace(connection)
  if (found) await refuseTaken(connection, found, await placeOf(home), name)
}

/** @throws `DATABASE_TAKEN` (409) where `database` is none of the platform whose registry is in `home`. */
export async function refuseForeign(database: Database, home: Database): Promise<void> {
  const [there, here] = [await migratorTransaction(database, readPlace), await migratorTransaction(home, readPlace)]
  if (there && there.name !== null && there.platformId === here?.platformId) return
  const what = there?.name == null ? 'that of a registry' : `${JSON.stringify(there.name)} of another platform`
  throw new BackSaasError('DATABASE_TAKEN', 409, `this database is ${what}, and not another one of this platform`, {
    hint: 'check the URLs; a new database becomes one of the platform by `backsaas store create`',
  })
}
