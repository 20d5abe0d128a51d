/** From a URL to a database: Postgres by `postgres://…`, PGlite by `pglite:FOLDER`. */

import { pglite } from '@backsaas/adapters/databases/pglite'
import { postgres } from '@backsaas/adapters/databases/postgres'
import { BackSaasError, type Database, DatabaseError } from '@backsaas/core'
import { type Command, Option } from 'commander'
import { lockFolder } from './lock-folder.ts'

/** Options that every command with a database has. */
export interface DatabaseOptions {
  readonly database: string
  readonly json?: true
}

/** Adds `--database` and `--json` to a command. */
export function withDatabase(command: Command): Command {
  const option = new Option('--database <url>', 'postgres://… of the owner, or pglite:FOLDER').env('DATABASE_URL')
  return command.addOption(option.makeOptionMandatory()).option('--json', 'answer in JSON')
}

/**
 * Opens a database for the time of `use`, and closes it.
 *
 * @throws `DATABASE_URL_INVALID` (400) where the URL is of no known form; `DATABASE_UNREACHABLE` (503) where nothing
 *   answers there, or what answers lets nobody in.
 * @example await useDatabase('postgres://localhost/app', (database) => migrate(database, 'crm.yaml'))
 */
export async function useDatabase<T>(url: string, use: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(url)
  try {
    return await use(database)
  } finally {
    await database.close?.()
  }
}

/**
 * Opens a database and asks it for an answer, so that a wrong URL shows here and not later.
 *
 * @throws as `useDatabase`.
 */
export async function openDatabase(url: string): Promise<Database> {
  const database = await connect(url)
  try {
    await database.open(BACKGROUND, 'owner').batch([{ text: 'select 1', params: [], prepare: false }])
    return database
  } catch (error) {
    await database.close?.()
    throw unreachable(url, error)
  }
}

/** Work that no request asked for. */
const BACKGROUND = { waitUntil: (): void => {}, now: (): number => Date.now() }

async function connect(url: string): Promise<Database> {
  if (url.startsWith('pglite:')) return openFolder(url.slice('pglite:'.length))
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw new BackSaasError('DATABASE_URL_INVALID', 400, 'the database URL is not one', {
      hint: 'write postgres://user:password@host:5432/database, or pglite:FOLDER',
    })
  }
  return postgres(url)
}

/** PGlite does not notice a second process in its folder: the lock does. */
async function openFolder(folder: string): Promise<Database> {
  const lock = await lockFolder(folder)
  try {
    const database = pglite(folder)
    const close = async (): Promise<void> => {
      await database.close?.()
      await lock.release()
    }
    return { ...database, close }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** The URL's host and database, never its password. */
function unreachable(url: string, error: unknown): unknown {
  if (!(error instanceof DatabaseError) || url.startsWith('pglite:')) return error
  const { host, pathname } = new URL(url)
  const place = `${host}${pathname}`
  return new BackSaasError('DATABASE_UNREACHABLE', 503, `cannot use the database at ${place}: ${error.message}`, {
    hint: 'is the URL right, and does the server run?',
    cause: error,
  })
}
