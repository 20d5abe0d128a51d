/** The statements of the worker: claim a job, keep it, finish it, give it back. */
import type { Connection, Json, JsonObject, Result, Statement } from '@backsaas/core'
import { arrayText, READING_JOB_KINDS } from '@backsaas/core'
import { ROW_SECURITY } from '../execute/migrator-transaction.ts'
import { type Platform, tableNames } from '../registry/platform.ts'

/** A job that is this worker's for as long as the epoch is. */
export interface ClaimedJob {
  readonly id: string
  readonly tenantId: string
  readonly kind: string
  readonly input: Json
  readonly base: Json
  /** The id of who asked for it. */
  readonly askedBy: string | null
  /** This one counted. */
  readonly attempts: number
  /** What an attempt before this one has done already; null for nothing. */
  readonly checkpoint: Json
  readonly epoch: string
}

export interface JobTable {
  readonly table: string
  readonly tenant: string
  /** The column of a field, by the field. */
  readonly c: Readonly<Record<JobField, string>>
}

const FIELDS = [
  'id',
  'kind',
  'input',
  'base',
  'status',
  'result',
  'problem',
  'attempts',
  'checkpoint',
  'lease_owner',
  'lease_epoch',
  'lease_until',
  'created_at',
  'created_by',
  'started_at',
  'finished_at',
] as const
type JobField = (typeof FIELDS)[number]

export function jobTable(platform: Platform): JobTable {
  const { table, tenant, column } = tableNames(platform, 'jobs')
  return { table, tenant, c: Object.fromEntries(FIELDS.map((field) => [field, column(field)])) as JobTable['c'] } // each field once
}

/**
 * Takes the job whose turn it is, in one statement: of each tenant the oldest, of the tenants the one that was served longest
 * ago. A tenant's jobs are done one after the other, but for those that only read. Also one whose worker's lease is over.
 *
 * @returns null where there is none.
 */
export async function claimJob(
  connection: Connection,
  { table, tenant, c }: JobTable,
  self: { readonly owner: string; readonly leaseMs: number },
): Promise<ClaimedJob | null> {
  const reads = `(j.${c.kind} = any ($3::text[]))`
  const text = `
    with heads as (
      select distinct on (j.${tenant}, ${reads}) j.${tenant} as tenant, j.${c.id} as id, j.${c.created_at} as asked
      from ${table} j where ${claimable('j', c)} and (${reads} or not exists (
        select from ${table} r where r.${tenant} = j.${tenant} and r.${c.finished_at} is null and r.${c.status} = 'running'
          and r.${c.lease_until} > now() and not r.${c.kind} = any ($3::text[])))
      order by j.${tenant}, ${reads}, j.${c.created_at}, j.${c.id}
    ), turns as (
      select h.*, (select max(s.${c.started_at}) from ${table} s where s.${tenant} = h.tenant) as served from heads h
    ), chosen as (
      select j.${tenant} as tenant, j.${c.id} as id from ${table} j join turns t on j.${tenant} = t.tenant and j.${c.id} = t.id
      where ${claimable('j', c)} order by t.served nulls first, t.asked limit 1 for update of j skip locked
    )
    update ${table} j set ${c.status} = 'running', ${c.attempts} = j.${c.attempts} + 1, ${c.lease_owner} = $1,
      ${c.lease_epoch} = j.${c.lease_epoch} + 1, ${c.lease_until} = ${after('$2')}, ${c.started_at} = clock_timestamp()
    from chosen where j.${tenant} = chosen.tenant and j.${c.id} = chosen.id
    returning j.${tenant}::text, j.${c.id}::text, j.${c.kind}, j.${c.input}::text, j.${c.base}::text, j.${c.attempts}::text,
      j.${c.checkpoint}::text, j.${c.lease_epoch}::text, j.${c.created_by}::text`
  const params = [self.owner, String(self.leaseMs), arrayText([...READING_JOB_KINDS])]
  const [, result] = await connection.batch([ROW_SECURITY, { text, params }])
  const row = result?.rows[0]
  return row ? readJob(row) : null
}

function readJob(row: Result['rows'][number]): ClaimedJob {
  const [tenantId, id, kind, input, base, attempts, checkpoint, epoch, askedBy] = row
  return {
    id: String(id),
    tenantId: String(tenantId),
    kind: String(kind),
    input: JSON.parse(input ?? 'null') as Json, // a json column, as the two below
    base: JSON.parse(base ?? 'null') as Json,
    askedBy: askedBy ?? null,
    attempts: Number(attempts),
    checkpoint: JSON.parse(checkpoint ?? 'null') as Json,
    epoch: String(epoch),
  }
}

function claimable(j: string, c: JobTable['c']): string {
  return `${j}.${c.finished_at} is null and (${j}.${c.lease_until} is null or ${j}.${c.lease_until} <= now())`
}

function after(ms: string): string {
  return `clock_timestamp() + make_interval(secs => ${ms}::float8 / 1000)`
}

/** Locks the row till the end of the transaction. @returns false where the job has gone to another worker. */
export async function holdJob(
  connection: Connection,
  { table, tenant, c }: JobTable,
  job: ClaimedJob,
): Promise<boolean> {
  const text = `select from ${table} where ${ours(tenant, c)} for update`
  const [result] = await connection.batch([{ text, params: ourParams(job) }])
  return result?.count === 1
}

/** Lets leases last on; a job whose row is locked is held by that already. */
export async function renewLeases(
  connection: Connection,
  { table, tenant, c }: JobTable,
  jobs: readonly ClaimedJob[],
  leaseMs: number,
): Promise<void> {
  const renew = (job: ClaimedJob): Statement => ({
    text: `update ${table} set ${c.lease_until} = ${after('$4')} where (${tenant}, ${c.id}) in (
             select ${tenant}, ${c.id} from ${table} where ${ours(tenant, c)} for update skip locked)`,
    params: [...ourParams(job), String(leaseMs)],
  })
  await connection.batch([ROW_SECURITY, ...jobs.map(renew)])
}

/** What has been done, so that an attempt after this one goes on from there. */
export function checkpointJob({ table, tenant, c }: JobTable, job: ClaimedJob, checkpoint: JsonObject): Statement {
  return {
    text: `update ${table} set ${c.checkpoint} = $4 where ${ours(tenant, c)}`,
    params: [...ourParams(job), JSON.stringify(checkpoint)],
  }
}

/** The outcome; of a job that has gone to another worker nothing is written. */
export function finishJob(
  { table, tenant, c }: JobTable,
  job: ClaimedJob,
  outcome: { readonly result: JsonObject } | { readonly problem: JsonObject },
): Statement {
  const [field, status] = 'result' in outcome ? (['result', 'succeeded'] as const) : (['problem', 'failed'] as const)
  const value = 'result' in outcome ? outcome.result : outcome.problem
  return {
    text: `update ${table} set ${c.status} = '${status}', ${c[field]} = $4, ${c.finished_at} = clock_timestamp(),
             ${c.lease_owner} = null, ${c.lease_until} = null, ${c.checkpoint} = null
           where ${ours(tenant, c)}`,
    params: [...ourParams(job), JSON.stringify(value)],
  }
}

/** Gives the job back, to be tried again after a pause. */
export function postponeJob({ table, tenant, c }: JobTable, job: ClaimedJob, pauseMs: number): Statement {
  return {
    text: `update ${table} set ${c.status} = 'queued', ${c.lease_owner} = null, ${c.lease_until} = ${after('$4')}
           where ${ours(tenant, c)}`,
    params: [...ourParams(job), String(pauseMs)],
  }
}

/** Finished ones that are older than `days`. */
export function deleteOldJobs({ table, c }: JobTable, days: number): Statement {
  return {
    text: `delete from ${table} where ${c.finished_at} < now() - make_interval(days => $1::int)`,
    params: [String(days)],
  }
}

function ours(tenant: string, c: JobTable['c']): string {
  return `${tenant} = $1 and ${c.id} = $2 and ${c.lease_epoch} = $3::bigint and ${c.status} = 'running'`
}

function ourParams({ tenantId, id, epoch }: ClaimedJob): string[] {
  return [tenantId, id, epoch]
}
