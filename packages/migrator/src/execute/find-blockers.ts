/** What in the data would stand in the way of a plan: looked for before anything is done. */
import type { Connection } from '@backsaas/core'
import { literal } from '../plan/quote.ts'
import type { BackfillStep, MigrationPlan, Step } from '../plan/steps.ts'
import { type Counted, describeBlockers, readSamples, type ShownRows } from './describe-blockers.ts'
import { ddl, query } from './migrator-transaction.ts'

/** Rows that a step would stumble over. */
export interface FoundBlocker extends Counted {
  /** The id of the step. */
  readonly step: string
}

/** Runs one question in a transaction: each in its own, or all in the caller's. */
export type Ask = <T>(question: (connection: Connection) => Promise<T>) => Promise<T>

/**
 * Reads every row that a plan has to do with, once for each question.
 *
 * @example await findBlockers((question) => migratorTransaction(database, question), plan)
 * // [{ step: 'backfill/3', code: 'DUPLICATES', count: 2, samples: [...] }]
 */
export async function findBlockers(ask: Ask, plan: MigrationPlan, shown: ShownRows = {}): Promise<FoundBlocker[]> {
  const found: FoundBlocker[] = []
  for (const step of plan.steps) {
    const blocker = await ask((connection) => askStep(connection, step, shown))
    if (blocker && blocker.count > 0) found.push({ step: step.id, ...blocker })
  }
  return found
}

async function askStep(connection: Connection, step: Step, shown: ShownRows): Promise<Counted | null> {
  if (step.kind === 'backfill') {
    return step.backfill.values.length === 0 ? null : askBackfill(connection, step, shown)
  }
  const blockers = 'blockers' in step ? step.blockers : undefined
  return blockers ? describeBlockers(connection, blockers, shown) : null
}

/** Works every value out as the backfill would, and writes none. */
async function askBackfill(connection: Connection, { backfill }: BackfillStep, shown: ShownRows): Promise<Counted> {
  await connection.batch([ddl(tryFunction(backfill))])
  const key = backfill.key.map(
    ({ column }, i) => `${literal(['tenant_id', ...backfill.keyFields][i] ?? '')}, t.${column}`,
  )
  const failing = `select t.*, pg_temp.backsaas_try(t) as reason from ${backfill.table} as t`
  const sample = `json_build_object(${key.join(', ')}, 'reason', reason)::text`
  const [count] = await query(connection, `select count(*)::text from (${failing}) t where reason is not null`)
  const samples = `select ${sample} from (${failing}) t where reason is not null`
  const shownRows = Number(count?.[0]) === 0 ? [] : await readSamples(connection, samples, shown)
  await connection.batch([ddl(`drop function pg_temp.backsaas_try(${backfill.table})`)])
  return {
    code: 'NOT_CONVERTIBLE',
    message: `some rows of ${backfill.entity} have values that cannot be converted`,
    hint: 'correct these rows, or say another conversion in the document',
    count: Number(count?.[0]),
    samples: shownRows,
  }
}

/** Whether any row that was put aside still has values that cannot be worked out; reads up to the first one. */
export async function isAnyFailing(
  connection: Connection,
  { backfill }: BackfillStep,
  { migrationId, stepIndex }: { readonly migrationId: string; readonly stepIndex: number },
): Promise<boolean> {
  if (backfill.values.length === 0) return false
  await connection.batch([ddl(tryFunction(backfill))])
  const joined = backfill.key.map(({ column, type }, i) => `t.${column} = (r.row_key::json ->> ${i})::${type}`)
  const found = await query(
    connection,
    `select 1::text from backsaas.migration_rows r join ${backfill.table} as t on ${joined.join(' and ')}
     where r.migration_id = $1 and r.step = $2 and pg_temp.backsaas_try(t) is not null limit 1`,
    [migrationId, String(stepIndex)],
  )
  await connection.batch([ddl(`drop function pg_temp.backsaas_try(${backfill.table})`)])
  return found.length > 0
}

/** The reason why a row has no value; null where it has one. */
function tryFunction({ table, values }: BackfillStep['backfill']): string {
  const lines = values.flatMap(({ field, type, expression, predicate }) => [
    `    declare v ${type}; begin`,
    `      v := ${expression};`,
    ...(predicate
      ? [`      if not (${predicate}) then return ${literal(`${field} is out of its bounds`)}; end if;`]
      : []),
    `    exception when data_exception then return ${literal(`${field}: `)} || sqlerrm;`,
    `    end;`,
  ])
  const body = `begin\n${lines.join('\n')}\n  return null;\nend`
  return `create function pg_temp.backsaas_try(t ${table}) returns text language plpgsql as ${literal(body)}`
}
