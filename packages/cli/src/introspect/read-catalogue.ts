/** Asks a database for its tables. */
import { BackSaasError, type Connection } from '@backsaas/core'
import { CATALOGUE_QUERY, OTHERS_QUERY, type PgTable } from './catalogue.ts'

export interface Catalogue {
  readonly tables: readonly PgTable[]
  /** Views and foreign tables, which are left out. */
  readonly others: readonly string[]
}

const KINDS: Readonly<Record<string, string>> = { v: 'view', m: 'materialized view', f: 'foreign table' }

/**
 * The tables of a Postgres schema.
 *
 * @param only the tables to read; null for all.
 * @throws `TABLES_ABSENT` (404) where the Postgres schema has none, or not one that was named.
 */
export async function readCatalogue(
  connection: Connection,
  pgSchema: string,
  only: readonly string[] | null,
): Promise<Catalogue> {
  const [tables, others] = await connection.batch([
    { text: CATALOGUE_QUERY, params: [pgSchema], prepare: false },
    { text: OTHERS_QUERY, params: [pgSchema], prepare: false },
  ])
  const all: readonly PgTable[] = JSON.parse(tables?.rows[0]?.[0] ?? '[]') // the form that the query gives
  const absent = only?.find((name) => !all.some((table) => table.name === name))
  if (absent !== undefined || all.length === 0)
    throw new BackSaasError(
      'TABLES_ABSENT',
      404,
      absent === undefined
        ? `there is no table in the Postgres schema "${pgSchema}"`
        : `there is no table "${absent}" in the Postgres schema "${pgSchema}"`,
      { hint: 'name another Postgres schema with --pg-schema' },
    )
  const views = (others?.rows ?? []).map(([kind, name]) => `${KINDS[kind ?? ''] ?? 'relation'} "${name}" is left out`)
  return { tables: only ? all.filter((table) => only.includes(table.name)) : all, others: only ? [] : views }
}
