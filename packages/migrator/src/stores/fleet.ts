/** The databases of one platform. */
import { BackSaasError, type Database } from '@backsaas/core'

/**
 * @example const fleet = { home: pg(url), named: { eu: pg(euUrl) } }
 */
export interface Fleet {
  /** It has the registry. */
  readonly home: Database
  /** The others, by the names that stores have them under. */
  readonly named: Readonly<Record<string, Database>>
}

/** A platform of one database. */
export function alone(home: Database): Fleet {
  return { home, named: {} }
}

/** What takes one database takes several. */
export type Databases = Database | Fleet

export function fleetOf(databases: Databases): Fleet {
  return 'home' in databases ? databases : alone(databases)
}

/** @param name null for home. @throws `DATABASE_UNKNOWN` (503) where this process was not given it. */
export function databaseOf({ home, named }: Fleet, name: string | null): Database {
  if (name === null) return home
  const database = Object.hasOwn(named, name) ? named[name] : undefined
  if (database) return database
  throw new BackSaasError('DATABASE_UNKNOWN', 503, `this process was given no database ${JSON.stringify(name)}`, {
    hint: `name it with its URL: BACKSAAS_DATABASES="${name}=postgres://…"`,
  })
}
