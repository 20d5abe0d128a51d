/** A contract that was asked for and is not any more, before it has begun: both versions serve as they did. */
import { BackSaasError, type Connection, type Statement } from '@backsaas/core'
import type { MigrationRow } from './migration-row.ts'
import { query } from './migrator-transaction.ts'
import type { Run } from './run.ts'

/** Whether older versions are retired: then it goes to its end. */
export function isContracting({
  phase,
  cursor,
  plan,
  step,
}: Pick<MigrationRow, 'phase' | 'cursor' | 'plan' | 'step'>): boolean {
  return phase === 'done' || (plan.steps[step]?.kind === 'retire' ? cursor === 'retired' : phase === 'contract')
}

/** What hooks fail for is told of one that waits for nothing, too. @param id of one alone, whoever has its lease; else of all that nobody runs. */
export function withdrawContracts(id: string | null): Statement {
  return {
    text: `update backsaas.migrations m set phase = 'live', state = 'ready', problem = null
           where wanted = 'live' and phase in ('live', 'contract') and step_cursor is null
             and (phase = 'contract' or state = 'waiting' and problem::json ->> 'code' not in ('HOOK_FAILED', 'MIGRATION_HOOK_UNKNOWN'))
             and (m.id = $1 or $1::uuid is null and lease_until <= clock_timestamp())
             and m.plan::json -> 'steps' -> m.step ->> 'kind' = 'retire'`,
    params: [id],
    prepare: false,
  }
}

/** Within a transaction that the lease guards, so that nobody is answered otherwise before its end. @throws `MIGRATION_STOPPED` (503). */
export async function stopWithdrawn({ lease, options }: Run, transaction: Connection): Promise<void> {
  if (!options.asked) return
  const [row] = await query(transaction, 'select wanted from backsaas.migrations where id = $1', [lease.migrationId])
  if (row?.[0] === 'done') return
  throw new BackSaasError('MIGRATION_STOPPED', 503, 'its contract is asked for no more')
}
