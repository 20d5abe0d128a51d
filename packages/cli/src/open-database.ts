/** From a URL to a database: Postgres by `postgres://…`, PGlite by `pglite:FOLDER`. */
import type { Database } from '@backsaas/core'
import { type Command, Option } from 'commander'

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
 * @throws as `openDatabase`.
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
 * @throws `DATABASE_URL_INVALID` where the URL is of no known form; `DATABASE_UNREACHABLE` where nothing answers there,
 *   or what answers lets nobody in; `DATA_FOLDER_UNUSABLE` where the folder is another process'.
 */
export async function openDatabase(url: string): Promise<Database> {
  const database = await connect(url)
  try {
    await database.open(BACKGROUND, 'owner').batch([{ text: 'select 1', params: [], prepare: false }])
    return database
  } catch (error) {
    await database.close?.()
    throw error
  }
}

/** Each adapter is loaded where it is used: a help text waits for neither. */
async function connect(url: string): Promise<Database> {
  if (url.startsWith(FOLDER)) {
    const { pglite } = await import('@backsaas/adapters/databases/pglite')
    return pglite(url.slice(FOLDER.length))
  }
  const { pg } = await import('@backsaas/adapters/databases/pg')
  return pg(url)
}

const FOLDER = 'pglite:'

/** Work that no request asked for. */
const BACKGROUND = { waitUntil: (): void => {}, now: (): number => Date.now() }
