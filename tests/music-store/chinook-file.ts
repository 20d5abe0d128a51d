/** The Chinook sample data, which lies beside the repository; and what it says when one adds it up by hand. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SHARED = process.env.BACKSAAS_SHARED_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url))

export const CHINOOK_PATH: string = join(SHARED, 'chinook/chinook.json')

/** Why the tests that need the file are skipped; null where it is there. */
export const CHINOOK_ABSENT: string | null = existsSync(CHINOOK_PATH)
  ? null
  : `there is no ${CHINOOK_PATH} (BACKSAAS_SHARED_DATA names another folder)`

export type Row = Readonly<Record<string, string | number | null>>
export type Chinook = Readonly<Record<string, readonly Row[]>>

/** The entities of the schema, by the names of the file. */
export const ENTITIES: Readonly<Record<string, string>> = {
  Genre: 'genres',
  MediaType: 'media_types',
  Artist: 'artists',
  Album: 'albums',
  Track: 'tracks',
  Employee: 'employees',
  Customer: 'customers',
  Invoice: 'invoices',
  InvoiceLine: 'invoice_lines',
  Playlist: 'playlists',
  PlaylistTrack: 'playlist_tracks',
}

export function readChinook(): Chinook {
  return JSON.parse(readFileSync(CHINOOK_PATH, 'utf8'))
}

/** Sums of money in cents, by a name that `nameOf` gives. */
export function sumBy<T>(
  rows: readonly T[],
  nameOf: (row: T) => string,
  amountOf: (row: T) => number,
): Map<string, number> {
  const sums = new Map<string, number>()
  for (const row of rows) sums.set(nameOf(row), (sums.get(nameOf(row)) ?? 0) + Math.round(amountOf(row) * 100))
  return sums
}

/** Rows of a file's entity by their key. */
export function byKey(rows: readonly Row[], key: string): ReadonlyMap<Row[string], Row> {
  return new Map(rows.map((row) => [row[key] ?? null, row]))
}
