/** Rows that a backfill could not convert: listed, asked again at the end, and never dropped. */
import type { Json, Statement } from '@backsaas/core'
import { DatabaseError } from '@backsaas/core'
import type { Backfill } from '../plan/steps.ts'
import { type BackfillRun, parts, places, SKIP_TRIGGER } from './backfill-statements.ts'
import type { MigrationProblem } from './migration-row.ts'
import { query } from './migrator-transaction.ts'

/** Writes down that the row of this key cannot be converted, and why. */
export function quarantine(
  { migrationId, stepIndex, step }: BackfillRun,
  key: string,
  { fields, message }: DatabaseError,
): Statement {
  const tenantId = parts(key)[0] ?? null
  return {
    text: `insert into backsaas.migration_rows (migration_id, step, tenant_id, row_key, entity, sql_state, reason)
           values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (migration_id, step, tenant_id, row_key) do update set reason = excluded.reason, sql_state = excluded.sql_state`,
    params: [
      migrationId,
      String(stepIndex),
      tenantId,
      key,
      step.backfill.entity,
      fields.sqlState,
      message.slice(0, 500),
    ],
    prepare: false,
  }
}

/** Tries each row that was put aside once more. @returns what is left. */
export async function retryQuarantined(run: BackfillRun): Promise<MigrationProblem | null> {
  const { migrationId, stepIndex, step } = run
  const ids = [migrationId, String(stepIndex)]
  const keys = await run.commit((transaction) =>
    query(
      transaction,
      'select row_key from backsaas.migration_rows where migration_id = $1 and step = $2 order by 1',
      ids,
    ),
  )
  if (keys.length === 0) return null
  for (const [key] of keys) {
    if (run.stopped()) return null
    await retryRow(run, step.backfill, String(key))
  }
  return run.commit(async (transaction) => {
    const [count] = await query(
      transaction,
      'select count(*)::text from backsaas.migration_rows where migration_id = $1 and step = $2',
      ids,
    )
    if (Number(count?.[0]) === 0) return null
    const samples = await query(
      transaction,
      `select json_build_object('tenant_id', r.tenant_id, 'entity', entity, 'key', row_key::json, 'reason', reason)::text
       from backsaas.migration_rows r join backsaas.migrations m on m.id = r.migration_id
       where migration_id = $1 and r.step = $2 order by r.tenant_id = m.owner_id desc, found_at limit 5`,
      ids,
    )
    return {
      code: 'ROWS_QUARANTINED',
      message: `${count?.[0]} rows of ${step.backfill.entity} cannot be converted`,
      hint: 'correct them through the API, then go on; or go back, and say another conversion in the document',
      count: Number(count?.[0]),
      samples: samples.map(([sample]) => JSON.parse(String(sample)) as Json),
    }
  })
}

async function retryRow(run: BackfillRun, { table, key, set, where, action }: Backfill, cursor: string): Promise<void> {
  const columns = key.map(({ column }) => `t.${column}`).join(', ')
  const verb = action === 'update' ? `update ${table} as t set ${set}` : `delete from ${table} as t`
  const text = `${verb} where (${columns}) = (${places(key, 1)}) and (${where})`
  try {
    await run.commit(async (transaction) => {
      await transaction.batch([SKIP_TRIGGER, { text, params: parts(cursor), prepare: false }])
      await transaction.batch([
        {
          text: 'delete from backsaas.migration_rows where migration_id = $1 and step = $2 and row_key = $3',
          params: [run.migrationId, String(run.stepIndex), cursor],
          prepare: false,
        },
      ])
    })
  } catch (error) {
    if (!(error instanceof DatabaseError) || !/^2[23]/.test(error.fields.sqlState)) throw error
  }
}
