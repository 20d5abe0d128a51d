/** Indexes outside transactions: what is there is read from the catalogue, so that a run that was killed is simply gone on with. */
import type { Database } from '@backsaas/core'
import { arrayText, TENANT_COLUMN } from '@backsaas/core'
import { qualified } from '../plan/quote.ts'
import type { DropIndexStep, IndexStep } from '../plan/steps.ts'
import { pause } from './attempts.ts'
import { dropIndex, runConcurrently } from './concurrently.ts'
import { MIGRATOR_SCOPE, query } from './migrator-transaction.ts'

type Standing = 'missing' | 'building' | 'broken' | 'valid'

/** Builds the index where it is not there, and anew where a build broke off; waits for one that another migrator builds. */
export async function convergeIndex(
  database: Database,
  placementId: string,
  { pgSchema, index, statements }: IndexStep,
): Promise<void> {
  for (;;) {
    const standing = await readIndex(database, pgSchema, index)
    if (standing === 'valid') return
    const isFree =
      standing !== 'building' &&
      (await runConcurrently(database, placementId, standing === 'broken' ? [dropIndex(pgSchema, index)] : statements))
    if (!isFree) await pause(300)
  }
}

/** Takes away what a build left behind that failed. */
export async function dropBroken(database: Database, placementId: string, step: IndexStep): Promise<void> {
  const { pgSchema, index } = step
  while ((await readIndex(database, pgSchema, index)) === 'broken') {
    if (await runConcurrently(database, placementId, [dropIndex(pgSchema, index)])) return
    await pause(300)
  }
}

async function readIndex(database: Database, pgSchema: string, index: string): Promise<Standing> {
  const [row] = await query(
    database.open(MIGRATOR_SCOPE, 'migrator'),
    `select x.indisvalid::text, exists (select from pg_stat_progress_create_index p where p.index_relid = x.indexrelid)::text
     from pg_index x where x.indexrelid = to_regclass($1)`,
    [qualified(pgSchema, index)],
  )
  if (!row) return 'missing'
  if (row[0] === 'true') return 'valid'
  return row[1] === 'true' ? 'building' : 'broken'
}

/** Every index on one of the columns, or on exactly one of the sets, that backs no constraint. */
export async function dropIndexes(
  database: Database,
  placementId: string,
  { pgSchema, table, columns, indexes }: DropIndexStep,
): Promise<void> {
  const rows = await query(
    database.open(MIGRATOR_SCOPE, 'migrator'),
    `select distinct i.relname::text from pg_index x join pg_class i on i.oid = x.indexrelid
     join pg_attribute a on a.attrelid = x.indrelid and a.attnum = any (x.indkey::int2[])
     where x.indrelid = to_regclass($1) and a.attname = any ($2::text[])
       and not exists (select from pg_constraint c where c.conindid = x.indexrelid)
     union
     select i.relname::text from pg_index x join pg_class i on i.oid = x.indexrelid
     where x.indrelid = to_regclass($1) and x.indpred is null and not x.indisunique
       and (select string_agg(a.attname, '/' order by k.n) from unnest(x.indkey::int2[]) with ordinality k(attnum, n)
            join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.attnum) = any ($3::text[])`,
    [qualified(pgSchema, table), arrayText(columns), arrayText(indexes.map(indexText))],
  )
  const statements = rows.map(([name]) => dropIndex(pgSchema, String(name)))
  while (!(await runConcurrently(database, placementId, statements))) await pause(300)
}

/** As the statement above writes the columns of an index. */
function indexText(columns: readonly string[]): string {
  return [TENANT_COLUMN, ...columns].join('/')
}
