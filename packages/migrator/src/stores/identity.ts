/** Which database of which platform this is: what keeps a URL that was mixed up from doing harm. */
import { BackSaasError, type Connection } from '@backsaas/core'
import { EXCLUSIVE, migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { findPlatform } from '../registry/platform.ts'
import { databaseOf, type Fleet } from './fleet.ts'

export interface Identity {
  readonly platformId: string
  /** Null of the database that has the registry. */
  readonly name: string | null
}

export async function readIdentity(connection: Connection): Promise<Identity> {
  const [row] = await query(connection, 'select platform_id::text, name from backsaas.identity')
  return { platformId: String(row?.[0]), name: row?.[1] ?? null }
}

/**
 * Makes a database that was set up (`bootstrap`) the one of that name; of one that is so already, only looks.
 *
 * @throws `NOT_BOOTSTRAPPED` (503); `DATABASE_TAKEN` (409) where it has tenants of its own, or is another platform's or of another name.
 */
export async function attachDatabase(fleet: Fleet, name: string): Promise<void> {
  const home = await migratorTransaction(fleet.home, readIdentity)
  if (home.name !== null) throw notHome(home.name)
  await migratorTransaction(databaseOf(fleet, name), async (connection) => {
    await connection.batch([EXCLUSIVE])
    if (!(await findPlatform(connection))) {
      throw new BackSaasError('NOT_BOOTSTRAPPED', 503, `the database ${name} has not been set up for BackSaaS`, {
        hint: `\`backsaas store create NAME --in ${name}\` sets it up, as does \`backsaas migrate FILE\``,
      })
    }
    const found = await readIdentity(connection)
    await refuseTaken(connection, found, home, name)
    if (found.name === name) return
    const text = 'update backsaas.identity set platform_id = $1, name = $2'
    await connection.batch([{ text, params: [home.platformId, name], prepare: false }])
  })
}

/**
 * @param found whose it is now. @param home null where no platform is there yet.
 * @throws `DATABASE_TAKEN` (409) where it is not the one of that name, and cannot become it.
 */
export async function refuseTaken(
  connection: Connection,
  found: Identity,
  home: Identity | null,
  name: string,
): Promise<void> {
  const isOurs = found.platformId === home?.platformId
  if (isOurs && found.name === name) return
  if (isOurs || found.name !== null || (await hasTenants(connection))) throw taken(name, found)
}

/** @throws `DATABASE_TAKEN` (409) where the database of that name is not this platform's. */
export async function checkIdentity(connection: Connection, home: Identity, name: string): Promise<void> {
  const found = await readIdentity(connection)
  if (found.platformId !== home.platformId || found.name !== name) throw taken(name, found)
}

/** Beside `system`. */
async function hasTenants(connection: Connection): Promise<boolean> {
  const [row] = await query(connection, 'select count(*)::text from backsaas.fence_tenants')
  return Number(row?.[0]) > 1
}

function taken(name: string, found: Identity): BackSaasError {
  const what =
    found.name === null ? 'a platform of its own' : `the database ${JSON.stringify(found.name)} of a platform`
  return new BackSaasError('DATABASE_TAKEN', 409, `what was given as ${JSON.stringify(name)} is ${what}`, {
    hint: 'check the URLs; a new database can be taken, or the one that had this name',
  })
}

/** @throws `NOT_HOME` (409) where the registry is in another database. */
export async function refuseElsewhere(connection: Connection): Promise<void> {
  const { name } = await readIdentity(connection)
  if (name !== null) throw notHome(name)
}

function notHome(name: string): BackSaasError {
  return new BackSaasError(
    'NOT_HOME',
    409,
    `this is the database ${JSON.stringify(name)}: the registry is in another`,
    {
      hint: 'give the URL of the database that has the registry',
    },
  )
}
