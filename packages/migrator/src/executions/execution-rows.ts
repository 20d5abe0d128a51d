/** The statements of the worker of functions: claim what is due, finish it, put it off, and take old ones away. */
import type { Connection, FunctionRow, Json, Moment, Principal, Result, Statement } from '@backsaas/core'
import { arrayText } from '@backsaas/core'
import { ROW_SECURITY } from '../execute/migrator-transaction.ts'
import { type Platform, tableNames } from '../registry/platform.ts'

/** Work that is this worker's until its turn comes again. */
export interface Execution {
  readonly id: string
  readonly tenantId: string
  readonly function: string
  readonly schema: string
  readonly profile: string
  readonly placementId: string
  readonly version: number
  readonly entity: string
  /** `scheduled`: an event that was put off. */
  readonly moment: Moment | 'scheduled'
  readonly hook: number
  readonly row: FunctionRow
  readonly old: FunctionRow | null
  /** This one counted; also what tells this claim from a later one. */
  readonly attempt: number
  readonly caller: Principal
  readonly requestId: string
  readonly depth: number
}

/** How an attempt has ended. */
export interface Outcome {
  readonly execution: Execution
  /** `queued`: it is tried again in `againMs`. */
  readonly status: 'done' | 'queued' | 'dead'
  readonly againMs: number
  readonly durationMs: number
  readonly result: Json
  readonly error: Json
}

const READ = [
  ...(['id', 'function', 'schema', 'profile', 'placement_id', 'version', 'entity', 'moment', 'hook', 'row'] as const),
  ...(['old', 'attempt', 'caller', 'request_id', 'depth'] as const),
]

/**
 * Takes what is due: of each tenant the oldest, so many of each that a long queue of one keeps no other waiting. What a
 * worker that died had taken is due again when its time is over.
 */
export async function claimExecutions(
  connection: Connection,
  platform: Platform,
  { leaseMs, perTenant, max }: { readonly leaseMs: number; readonly perTenant: number; readonly max: number },
): Promise<readonly Execution[]> {
  const { table, tenant, column: c } = tableNames(platform, 'function_executions')
  const due = c('due_at')
  // The index holds what is not over; from tenant to tenant it is stepped through, not read.
  const text = `
    with recursive tenants as (
      (select ${tenant} as t from ${table} where ${due} is not null order by ${tenant} limit 1)
      union all
      select (select e.${tenant} from ${table} e where e.${tenant} > tenants.t and e.${due} is not null order by e.${tenant} limit 1)
      from tenants where tenants.t is not null
    ), taken as (
      select e.tenant, e.id from tenants cross join lateral (
        select ${tenant} as tenant, ${c('id')} as id from ${table}
        where ${tenant} = tenants.t and ${due} <= clock_timestamp() order by ${due} limit $2 for update skip locked
      ) e where tenants.t is not null order by random() limit $3
    )
    update ${table} e set ${c('status')} = 'running', ${c('attempt')} = e.${c('attempt')} + 1,
      ${due} = clock_timestamp() + make_interval(secs => $1::float8 / 1000)
    from taken where e.${tenant} = taken.tenant and e.${c('id')} = taken.id
    returning e.${tenant}::text, ${READ.map((field) => `e.${c(field)}::text`).join(', ')}`
  const params = [String(leaseMs), String(perTenant), String(max)]
  const [, result] = await connection.batch([ROW_SECURITY, { text, params }])
  return (result?.rows ?? []).map(readExecution)
}

function readExecution([tenantId, ...values]: Result['rows'][number]): Execution {
  const text = (field: (typeof READ)[number]): string => values[READ.indexOf(field)] ?? ''
  // The row was written by a statement of the runtime's planner.
  return {
    id: text('id'),
    tenantId: tenantId ?? '',
    function: text('function'),
    schema: text('schema'),
    profile: text('profile'),
    placementId: text('placement_id'),
    version: Number(text('version')),
    entity: text('entity'),
    moment: text('moment') as Execution['moment'],
    hook: Number(text('hook')),
    row: JSON.parse(text('row')) as FunctionRow,
    old: JSON.parse(text('old') || 'null') as FunctionRow | null,
    attempt: Number(text('attempt')),
    caller: JSON.parse(text('caller')) as Principal,
    requestId: text('request_id'),
    depth: Number(text('depth')),
  }
}

/** What has gone to another worker meanwhile is left to it. */
export async function settleExecutions(
  connection: Connection,
  platform: Platform,
  outcomes: readonly Outcome[],
): Promise<void> {
  const { table, tenant, column: c } = tableNames(platform, 'function_executions')
  const rows = outcomes.map(({ execution: { tenantId, id, attempt }, status, againMs, durationMs, result, error }) => ({
    ...{ tenant: tenantId, id, attempt, status, again: againMs, ms: Math.round(durationMs), result, error },
  }))
  const text = `
    update ${table} e set ${c('status')} = o.status, ${c('result')} = nullif(o.result, 'null'), ${c('error')} = nullif(o.error, 'null'),
      ${c('duration_ms')} = o.ms,
      ${c('due_at')} = case when o.status = 'queued' then clock_timestamp() + make_interval(secs => o.again / 1000) end,
      ${c('finished_at')} = case when o.status <> 'queued' then clock_timestamp() end
    from jsonb_to_recordset($1::jsonb) as o(tenant uuid, id uuid, attempt bigint, status text, again float8, ms bigint, result jsonb, error jsonb)
    where e.${tenant} = o.tenant and e.${c('id')} = o.id and e.${c('attempt')} = o.attempt and e.${c('due_at')} is not null`
  await connection.batch([ROW_SECURITY, { text, params: [JSON.stringify(rows)] }])
}

/** Those under way stay this worker's. */
export async function keepExecutions(
  connection: Connection,
  platform: Platform,
  held: readonly Execution[],
  leaseMs: number,
): Promise<void> {
  const { table, tenant, column: c } = tableNames(platform, 'function_executions')
  const text = `
    update ${table} e set ${c('due_at')} = clock_timestamp() + make_interval(secs => $4::float8 / 1000)
    from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as o(tenant, id, attempt)
    where e.${tenant} = o.tenant and e.${c('id')} = o.id and e.${c('attempt')} = o.attempt and e.${c('status')} = 'running'`
  const lists = [
    held.map(({ tenantId }) => tenantId),
    held.map(({ id }) => id),
    held.map(({ attempt }) => String(attempt)),
  ]
  await connection.batch([ROW_SECURITY, { text, params: [...lists.map((list) => arrayText(list)), String(leaseMs)] }])
}

/** Those that were done go sooner than those that somebody may want to look at. */
export function deleteOldExecutions(
  platform: Platform,
  keep: { readonly doneDays: number; readonly deadDays: number },
): Statement {
  const { table, column: c } = tableNames(platform, 'function_executions')
  return {
    text: `delete from ${table} where ${c('finished_at')} < now() - make_interval(days => case when ${c('status')} = 'done' then $1::int else $2::int end)`,
    params: [String(keep.doneDays), String(keep.deadDays)],
  }
}
