/** What cannot stand in a version's transaction: indexes and statistics on tables that have rows, and validating their new checks. */
import type { Connection, Database, Result } from '@backsaas/core'
import { arrayText, BackSaasError, DatabaseError, TENANT_COLUMN } from '@backsaas/core'
import { readRoles } from '../bootstrap/read-roles.ts'
import { createIndex, type IndexPlan, versionIndexes } from '../plan/indexes.ts'
import { createNames } from '../plan/names.ts'
import { identifier, qualified } from '../plan/quote.ts'
import type { Roles } from '../plan/row-security.ts'
import { createStatistics, type StatisticsPlan, wantedStatistics } from '../plan/statistics.ts'
import { readCompiled, readMapping } from '../registry/platform.ts'
import { pause } from './attempts.ts'
import { dropIndex, runConcurrently } from './concurrently.ts'
import { migratorTransaction, query } from './migrator-transaction.ts'
import { takenNames } from './read-store.ts'

/** What is missing, read from the catalogue: so a run that was killed is finished by the next one. */
interface Missing {
  readonly pgSchema: string
  /** Left behind by a build that failed. */
  readonly broken: readonly string[]
  readonly indexes: readonly IndexPlan[]
  /** What others build of them at this moment: it will be there, or broken. */
  readonly building: readonly string[]
  /** Indexes that only earlier versions declare. */
  readonly unwanted: readonly string[]
  readonly statistics: readonly StatisticsPlan[]
  readonly validations: readonly string[]
  readonly roles: Roles
  /** Names that are in use in the Postgres schema. */
  readonly taken: readonly string[]
}

/**
 * Brings the tables of a placement's newest live version to what it declares, without blocking writers. Where somebody else is at it, waits
 * for that.
 *
 * @param signal ends the waiting; what is built here goes on to its end.
 * @throws `ROWS_UNFITTING` (409) where rows there are do not meet a check of it: somebody has written them by hand; `MIGRATION_STOPPED`
 *   (503) where `signal` was aborted.
 */
export async function convergePlacement(database: Database, placementId: string, signal?: AbortSignal): Promise<void> {
  for (;;) {
    const missing = await migratorTransaction(database, (connection) => readMissing(connection, placementId))
    if (!missing) return
    if (missing.building.length === 0 && (await change(database, placementId, missing))) return
    if (signal?.aborted) throw new BackSaasError('MIGRATION_STOPPED', 503, 'the migrator was asked to stop')
    await pause(LOOK_AGAIN_MS)
  }
}

const LOOK_AGAIN_MS = 1000

async function change(database: Database, placementId: string, missing: Missing): Promise<boolean> {
  try {
    return await runConcurrently(database, placementId, statementsOf(missing))
  } catch (error) {
    if (!(error instanceof DatabaseError) || !error.fields.sqlState.startsWith('23')) throw error
    const { constraint = 'a constraint', table = 'a table' } = error.fields
    const message = `rows of ${missing.pgSchema}.${table} do not meet ${constraint}, which the newest version declares`
    throw new BackSaasError('ROWS_UNFITTING', 409, message, {
      hint: 'correct these rows, then run the same command again: the version is live, and what is written from now on meets it',
      cause: error,
    })
  }
}

function statementsOf({
  pgSchema,
  broken,
  indexes,
  unwanted,
  statistics,
  validations,
  roles,
  taken,
}: Missing): string[] {
  const names = createNames(taken)
  const drop = (name: string): string => dropIndex(pgSchema, name)
  return [
    ...broken.map(drop),
    ...indexes.map((index) => createIndex(pgSchema, index, names, true)),
    ...unwanted.map(drop),
    ...statistics.flatMap((plan) => [
      ...createStatistics(pgSchema, plan, roles, names),
      `analyze ${qualified(pgSchema, plan.table)}`,
    ]),
    ...validations,
  ]
}

/** Whether nothing is missing, as far as the transaction of `connection` sees. */
export async function isConverged(connection: Connection, placementId: string): Promise<boolean> {
  const missing = await readMissing(connection, placementId)
  return (
    !missing ||
    [missing.broken, missing.unwanted, missing.indexes, missing.building, missing.validations].every(
      (list) => list.length === 0,
    )
  )
}

async function readMissing(connection: Connection, placementId: string): Promise<Missing | null> {
  const [row] = await query(
    connection,
    `select compiled, mapping from backsaas.versions where placement_id = $1 and state = 'live' order by version desc limit 1`,
    [placementId],
  )
  if (!row) return null
  const compiled = readCompiled(row[0])
  const mapping = readMapping(row[1])
  const tables = [mapping.schema, arrayText(Object.values(mapping.entities).map((entity) => entity.table))]
  const indexes = await query(connection, INDEXES, tables)
  const checks = await query(connection, UNVALIDATED, tables)
  const statistics = (await query(connection, STATISTICS, tables)).map(([table, columns]) => `${table} ${columns}`)
  const wanted = versionIndexes(compiled, mapping)
  const unwanted = await readUnwanted(connection, placementId, wanted, indexes)
  const those = (state: string): string[] =>
    indexes
      .filter(([, name, is]) => is === state && !unwanted.includes(String(name)))
      .map(([table, , , columns]) => `${table} ${columns}`)
  const [valid, building] = [those('valid'), those('building')]
  const lacking = wanted.filter((index) => !valid.some((have) => have.startsWith(indexKey(index))))
  const wantedSets = Object.values(compiled.entities).flatMap((entity) => {
    const physical = mapping.entities[entity.name]
    return physical ? wantedStatistics(entity, physical) : []
  })
  return {
    pgSchema: mapping.schema,
    broken: indexes.filter(([, , is]) => is === 'broken').map(([, name]) => String(name)),
    unwanted,
    indexes: lacking,
    building: building.filter((one) => lacking.some((index) => one.startsWith(indexKey(index)))),
    statistics: wantedSets.filter((plan) => !statistics.includes(statisticsKey(plan))),
    roles: await readRoles(connection),
    validations: checks.map(
      ([table, name]) =>
        `alter table ${qualified(mapping.schema, String(table))} validate constraint ${identifier(String(name))}`,
    ),
    taken: await takenNames(connection, mapping.schema),
  }
}

/** None while a migration is open, whose older version is served as well as the newer one. */
async function readUnwanted(
  connection: Connection,
  placementId: string,
  wanted: readonly IndexPlan[],
  indexes: Result['rows'],
): Promise<string[]> {
  const versions = await query(
    connection,
    `select v.compiled, v.mapping from backsaas.versions v where placement_id = $1 and not exists (
       select from backsaas.migrations m where m.placement_id = $1 and m.phase not in ('done', 'rolled_back'))`,
    [placementId],
  )
  const kept = new Set(wanted.map(indexKey))
  const earlier = versions.flatMap(([compiled, mapping]) =>
    versionIndexes(readCompiled(compiled), readMapping(mapping)).map(indexKey),
  )
  const gone = new Set(earlier.filter((key) => !kept.has(key)))
  return indexes
    .filter(([table, , , columns, isUnique]) => isUnique === 'false' && gone.has(`${table} ${columns}`))
    .map(([, name]) => String(name))
}

/** The same text that `INDEXES` answers for an index of these columns, or for one that begins with them. */
function indexKey(index: IndexPlan): string {
  return `${index.table} ${[TENANT_COLUMN, ...index.columns].map((column) => `/${column}/`).join('')}`
}

/** The same text that `STATISTICS` answers for statistics of these columns. */
function statisticsKey(plan: StatisticsPlan): string {
  return `${plan.table} ${[TENANT_COLUMN, ...plan.columns].toSorted().join('/')}`
}

const STATISTICS = `
  select t.relname::text, (select string_agg(a.attname, '/' order by a.attname::text collate "C")
    from unnest(s.stxkeys::int2[]) k(attnum) join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum)
  from pg_statistic_ext s join pg_class t on t.oid = s.stxrelid
  where t.relnamespace = (select oid from pg_namespace where nspname = $1) and t.relname = any ($2::text[])
    and 'f' = any (s.stxkind)`

/** An index that is being built right now is not valid yet, and not broken. */
const INDEXES = `
  select t.relname::text, i.relname::text, case when x.indisvalid then 'valid' when exists (
           select from pg_stat_progress_create_index p where p.index_relid = x.indexrelid) then 'building' else 'broken' end,
         (select string_agg('/' || a.attname || '/', '' order by k.n)
          from unnest(x.indkey::int2[]) with ordinality k(attnum, n)
          join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum), x.indisunique::text
  from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
  where t.relnamespace = (select oid from pg_namespace where nspname = $1) and t.relname = any ($2::text[])
    and x.indpred is null`

const UNVALIDATED = `
  select t.relname::text, c.conname::text from pg_constraint c join pg_class t on t.oid = c.conrelid
  where t.relnamespace = (select oid from pg_namespace where nspname = $1) and t.relname = any ($2::text[])
    and not c.convalidated`
