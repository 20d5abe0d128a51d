/** What in the data would stand in the way of a plan: looked for before anything is done, and again while it is under way. */
import type { Database, Json } from '@backsaas/core'
import { DatabaseError } from '@backsaas/core'
import { literal } from '../plan/quote.ts'
import type { BackfillStep, MigrationPlan, Step } from '../plan/steps.ts'
import type { MigrationProblem } from './migration-row.ts'
import { ddl, migratorTransaction, query } from './migrator-transaction.ts'
import { describeBlockers } from './run-step.ts'

/** Rows that a step would stumble over. */
export interface FoundBlocker extends MigrationProblem {
  /** The id of the step. */
  readonly step: string
  readonly count: number
}

/**
 * Reads every row that a plan has to do with, once for each question.
 *
 * @example await findBlockers(database, plan) // [{ step: 'backfill/3', code: 'DUPLICATES', count: 2, samples: [...] }]
 */
export async function findBlockers(database: Database, plan: MigrationPlan): Promise<FoundBlocker[]> {
  const found: FoundBlocker[] = []
  for (const step of plan.steps) {
    const blocker = await askStep(database, step)
    if (blocker && blocker.count > 0) found.push({ step: step.id, ...blocker })
  }
  return found
}

async function askStep(
  database: Database,
  step: Step,
): Promise<(MigrationProblem & { readonly count: number }) | null> {
  if (step.kind === 'backfill') return step.backfill.values.length === 0 ? null : askBackfill(database, step)
  const blockers = 'blockers' in step ? step.blockers : undefined
  if (!blockers) return null
  try {
    return await migratorTransaction(database, (connection) => describeBlockers(connection, blockers))
  } catch (error) {
    // A column that the plan makes yet: what goes into it is asked of the backfill.
    if (error instanceof DatabaseError && error.fields.sqlState === '42703') return null
    throw error
  }
}

/** Works every value out as the backfill would, and writes none. */
async function askBackfill(
  database: Database,
  { backfill }: BackfillStep,
): Promise<MigrationProblem & { readonly count: number }> {
  const [answer] = await migratorTransaction(database, async (connection) => {
    await connection.batch([ddl(tryFunction(backfill))])
    const key = backfill.key.map(
      ({ column }, i) => `${literal(['tenant_id', ...backfill.keyFields][i] ?? '')}, t.${column}`,
    )
    const sample = `json_build_object(${key.join(', ')}, 'reason', reason)::text`
    const failing = `select t.*, pg_temp.backsaas_try(t) as reason from ${backfill.table} as t`
    const [count] = await query(connection, `select count(*)::text from (${failing}) t where reason is not null`)
    const samples = await query(connection, `select ${sample} from (${failing}) t where reason is not null limit 5`)
    await connection.batch([ddl(`drop function pg_temp.backsaas_try(${backfill.table})`)])
    return [{ count: Number(count?.[0]), samples: samples.map(([one]) => JSON.parse(String(one)) as Json) }]
  })
  return {
    code: 'NOT_CONVERTIBLE',
    message: `some rows of ${backfill.entity} have values that cannot be converted`,
    hint: 'correct these rows, or say another conversion in the document',
    count: answer?.count ?? 0,
    samples: answer?.samples ?? [],
  }
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
