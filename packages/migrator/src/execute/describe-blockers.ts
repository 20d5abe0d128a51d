/** How many rows stand in the way of a step, and some of them. */
import type { Connection, Json } from '@backsaas/core'
import type { Blockers } from '../plan/steps.ts'
import type { MigrationProblem } from './migration-row.ts'
import { ddl, query } from './migrator-transaction.ts'

const SAMPLES = 5

/** Whose rows are shown: those of one tenant alone, or its own before those of others. Counted are all. */
export interface ShownRows {
  readonly only?: string
  readonly first?: string
}

export type Counted = MigrationProblem & { readonly count: number }

/**
 * Asks the data, within the caller's transaction. `count` is 0 where nothing stands in the way, or where what is asked for is a
 * column that the plan makes yet: what goes into it is asked of the backfill.
 */
export async function describeBlockers(
  connection: Connection,
  { code, message, hint, count, samples }: Blockers,
  shown: ShownRows = {},
): Promise<Counted> {
  await connection.batch([ddl(ASK)])
  const [found] = await query(connection, 'select pg_temp.backsaas_ask($1)', [count])
  const rows = Number(found?.[0] ?? 0) === 0 ? [] : await readSamples(connection, samples, shown)
  return { code, message, hint, count: Number(found?.[0] ?? 0), samples: rows }
}

/** Whether any row is, within the caller's transaction; reads up to the first one. */
export async function isInTheWay(connection: Connection, { samples }: Blockers): Promise<boolean> {
  await connection.batch([ddl(ASK)])
  const found = await query(connection, 'select pg_temp.backsaas_ask($1)', [
    `select s.sample from (${samples}) s (sample) limit 1`,
  ])
  return found.length > 0
}

/** @param samples SQL that answers one text column of JSON objects with `tenant_id`. */
export async function readSamples(connection: Connection, samples: string, shown: ShownRows): Promise<Json[]> {
  const { only = null, first = null } = shown
  const tenant = `s.sample::json ->> 'tenant_id'`
  const rows = await query(
    connection,
    `select s.sample from (${samples}) s (sample) where $1::text is null or ${tenant} = $1
     order by coalesce(${tenant} = $2, false) desc limit ${SAMPLES}`,
    [only, first],
  )
  return rows.map(([sample]) => JSON.parse(String(sample)) as Json)
}

/** An error would end the caller's transaction. */
const ASK = `create or replace function pg_temp.backsaas_ask(question text) returns setof text language plpgsql as $ask$
begin
  return query execute question;
exception when undefined_column then
  return;
end
$ask$`
