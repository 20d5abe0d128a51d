/** From the URLs of a platform's databases to its fleet. */
import { DatabaseError } from '@backsaas/core'
import type { Fleet } from '@backsaas/migrator'
import { decide } from './decide.ts'
import type { Io } from './io.ts'
import { openDatabase } from './open-database.ts'

/**
 * Opens home and the databases that `BACKSAAS_DATABASES` names for the time of `use`, and closes them. Those that are not home are
 * asked when they are needed: one that is away is no reason not to do what does not need it.
 *
 * @throws as `openDatabase`; `DATABASES_INVALID` (400).
 * @example await useFleet(url, process.env, (fleet) => createStore(fleet, { name: 'eu-1', database: 'eu' }))
 */
export async function useFleet<T>(
  url: string,
  env: Readonly<Record<string, string | undefined>>,
  use: (fleet: Fleet) => Promise<T>,
): Promise<T> {
  const { openNamed } = await import('./open-named.ts')
  const named = openNamed(env)
  const home = await openDatabase(url)
  try {
    return await use({ home, named })
  } finally {
    await Promise.all([home, ...Object.values(named)].map((database) => database.close?.()))
  }
}

/**
 * Sets up what is not yet, home's after: what home's servers write there has to be there first. One that is away is said to be.
 *
 * @throws `DATABASE_TAKEN` (409) where one is another platform's, or of another name: nothing is done in it.
 */
export async function bootstrapNamed({ home, named }: Fleet, io: Io): Promise<void> {
  const { bootstrap, refuseTakenAs } = await import('@backsaas/migrator')
  for (const [name, database] of Object.entries(named)) {
    try {
      await refuseTakenAs(name, database, home)
      await bootstrap(database, { decide, report: io.err })
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error
      io.err(`the database ${name} was not set up: ${error.message}`)
    }
  }
}
